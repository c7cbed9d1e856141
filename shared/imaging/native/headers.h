/* Reads the segments before a scan, and prepares the scan: ITU-T T.81, annex B. */

#ifndef PIXFLEET_HEADERS_H
#define PIXFLEET_HEADERS_H

#include "walker.h"

/* Each reader of a segment gets its content, and returns 0 for what libjpeg refuses. */

static int read_huffman_tables(struct walker *walker, const uint8_t *at, const uint8_t *end)
{
    while (end - at > MAX_CODE_BITS) {
        int table_class = *at >> 4, number = *at & 15;
        size_t symbols = 0;
        for (int i = 1; i <= MAX_CODE_BITS; i++)
            symbols += at[i];
        at++;
        if (table_class > 1 || number >= MAX_TABLES || symbols > MAX_SYMBOLS
            || (size_t)(end - at) < MAX_CODE_BITS + symbols)
            return 0;
        walker->definitions[table_class][number] = at;
        walker->symbols[table_class][number] = symbols;
        at += MAX_CODE_BITS + symbols;
    }
    return at == end;
}

static int read_quantisation_tables(struct walker *walker, const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        int is_wide = *at >> 4, number = *at & 15;
        at++;
        if (is_wide > 1 || number >= MAX_TABLES || end - at < COEFFICIENTS << is_wide)
            return 0;
        for (int k = 0; k < COEFFICIENTS; k++, at += 1 + is_wide)
            walker->quantisation[number][k] = (uint16_t)(is_wide ? number16(at) : *at);
    }
    return 1;
}

static int read_components(struct walker *walker, const uint8_t *at)
{
    struct frame *frame = &walker->frame;
    frame->most_across = frame->most_down = 1;
    for (int i = 0; i < frame->components; i++, at += 3) {
        int across = at[1] >> 4, down = at[1] & 15, number = at[2];
        if (across < 1 || across > 4 || down < 1 || down > 4 || number >= MAX_TABLES)
            return 0;
        frame->component[i] = (struct component){
            .id = at[0], .across = across, .down = down, .quantisation = walker->quantisation[number]};
        frame->most_across = across > frame->most_across ? across : frame->most_across;
        frame->most_down = down > frame->most_down ? down : frame->most_down;
    }
    return 1;
}

enum { EDGE_ARRAYS = 3 /* words, for five arrays of floats */ };

/* Gives each component its part of the workspace, and reports how large the workspace must be. */
static void set_workspace(struct walker *walker)
{
    struct frame *frame = &walker->frame;
    uint64_t used = 0;
    for (int i = 0; i < frame->components; i++) {
        struct component *component = &frame->component[i];
        uint32_t across = (uint32_t)component->across, down = (uint32_t)component->down;
        uint32_t columns = divided_up(frame->width * across, BLOCK * (uint32_t)frame->most_across);
        uint32_t rows = divided_up(frame->height * down, BLOCK * (uint32_t)frame->most_down);
        uint64_t words = frame->is_progressive ? (uint64_t)columns * rows : EDGE_ARRAYS * columns;
        component->columns = columns;
        component->rows = rows;
        used += words;
        if (used > walker->workspace_words)
            continue; /* the walk ends with NEEDS_WORKSPACE */
        uint64_t *part = walker->workspace + used - words;
        component->history = frame->is_progressive ? part : 0;
        component->edges.bottom = (float *)part;
        component->edges.above = component->edges.bottom + columns;
        component->edges.here = component->edges.above + columns;
        component->edges.above_levels = component->edges.here + columns;
        component->edges.here_levels = component->edges.above_levels + columns;
    }
    walker->report->workspace_words = used;
}

static int read_frame(struct walker *walker, const uint8_t *at, const uint8_t *end, int is_progressive)
{
    struct frame *frame = &walker->frame;
    if (frame->components || end - at < 6 || at[0] != 8)
        return 0;
    frame->is_progressive = is_progressive;
    frame->height = (uint32_t)number16(at + 1);
    frame->width = (uint32_t)number16(at + 3);
    frame->components = at[5];
    if (!frame->height || !frame->width || frame->components < 1
        || frame->components > MAX_COMPONENTS || end - at != 6 + 3 * frame->components)
        return 0;
    if (!read_components(walker, at + 6))
        return 0;
    set_workspace(walker);
    return 1;
}

static struct component *component_of(struct frame *frame, int id)
{
    for (int i = 0; i < frame->components; i++)
        if (frame->component[i].id == id)
            return &frame->component[i];
    return 0;
}

static int build_table(struct walker *walker, int table_class, int number)
{
    const uint8_t *definition = walker->definitions[table_class][number];
    if (!definition)
        return 0;
    if (walker->built[table_class][number] == definition)
        return 1;
    walker->built[table_class][number] = definition;
    return build_huffman(
        &walker->tables[table_class][number], definition, walker->symbols[table_class][number]);
}

/* Builds the tables that the scan uses, and sets how many MCUs it has. */
static int prepare_scan(struct walker *walker)
{
    struct frame *frame = &walker->frame;
    struct scan *scan = &walker->scan;
    int has_dc = scan->first == 0 && scan->high == 0, has_ac = scan->last > 0;
    int blocks = 0;
    scan->columns = scan->components == 1
        ? scan->component[0]->columns
        : divided_up(frame->width, BLOCK * (uint32_t)frame->most_across);
    scan->mcus = scan->columns * (scan->components == 1
        ? scan->component[0]->rows
        : divided_up(frame->height, BLOCK * (uint32_t)frame->most_down));
    for (int i = 0; i < scan->components; i++) {
        struct component *component = scan->component[i];
        component->predictor = 0;
        blocks += component->across * component->down;
        if ((has_dc && !build_table(walker, 0, component->dc_table))
            || (has_ac && !build_table(walker, 1, component->ac_table)))
            return 0;
        component->edges.columns = scan->columns;
        for (int k = 0; k < COEFFICIENTS; k++) {
            component->top[k] = TOP_LINE[k] * component->quantisation[k];
            component->bottom[k] = ODD_LINES >> k & 1 ? -component->top[k] : component->top[k];
        }
    }
    /* A restart ends a shift. */
    scan->can_shift = !frame->is_progressive && scan->columns >= LEAST_COLUMNS
        && (!walker->restart_interval || walker->restart_interval >= 2 * scan->columns);
    return scan->components == 1 || blocks <= MAX_SCAN_BLOCKS;
}

static int read_scan(struct walker *walker, const uint8_t *at, const uint8_t *end)
{
    struct frame *frame = &walker->frame;
    struct scan *scan = &walker->scan;
    int components = end - at < 6 ? 0 : at[0];
    if (components < 1 || components > frame->components || end - at != 4 + 2 * components)
        return 0;
    *scan = (struct scan){.components = components, .last = COEFFICIENTS - 1};
    at++;
    for (int i = 0; i < components; i++, at += 2) {
        struct component *component = component_of(frame, at[0]);
        if (!component || at[1] >> 4 >= MAX_TABLES || (at[1] & 15) >= MAX_TABLES)
            return 0;
        for (int other = 0; other < i; other++)
            if (scan->component[other] == component)
                return 0;
        component->dc_table = at[1] >> 4;
        component->ac_table = at[1] & 15;
        scan->component[i] = component;
    }
    if (!frame->is_progressive) /* libjpeg, too, ignores the bytes that follow */
        return prepare_scan(walker);
    scan->first = at[0];
    scan->last = at[1];
    scan->high = at[2] >> 4;
    scan->low = at[2] & 15;
    int is_possible = scan->first ? scan->first <= scan->last && components == 1 : scan->last == 0;
    if (!is_possible || scan->last >= COEFFICIENTS || scan->low > 13
        || (scan->high && scan->high != scan->low + 1))
        return 0;
    return prepare_scan(walker);
}

#endif
