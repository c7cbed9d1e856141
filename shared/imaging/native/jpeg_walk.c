/* Walks the entropy-coded data of a JPEG and reports the first thing that an intact file cannot
 * have. It decodes no pixel: it follows the Huffman codes and counts blocks, because most damage
 * makes libjpeg lose or gain some without a warning. ITU-T T.81: https://www.w3.org/Graphics/JPEG/itu-t81.pdf
 *
 * It takes sequential and progressive files with Huffman codes and 8 bits. All others are
 * NOT_WALKED, and so are files that libjpeg refuses by their headers. The data is not trusted:
 * every read is within `data`, every loop is bounded by its size, or by blocks times scans. No
 * function of a library is called, and no memory is allocated.
 */

#include "dc_shift.h"
#include "huffman.h"

enum finding {
    INTACT,
    NOT_WALKED,
    NEEDS_WORKSPACE,  /* of `workspace_words` words of 8 bytes */
    INVALID_CODE,     /* bits that are no code of the table, or a code that no encoder uses */
    TOO_MANY_COEFFICIENTS,
    OUT_OF_RANGE,     /* a block that is brighter or darker than 8 bits can say */
    SHIFTED,          /* brightness or colour changes at an MCU, see dc_shift.h */
    MISSING,          /* the data ends before the last MCU */
    LEFT_OVER,        /* data follows the last MCU, or the last one of a restart interval */
    BAD_RESTART       /* another marker than the expected RSTn after a restart interval */
};

struct report {
    uint32_t finding;
    uint32_t scan;          /* 1 is the first one */
    uint32_t mcu;           /* how many MCUs of the scan precede the finding */
    uint32_t mcus;          /* of the scan */
    uint32_t left_over;     /* bytes */
    uint32_t is_end_of_data; /* whether MISSING is because the file ends */
    uint64_t workspace_words;
};

enum { EDGE_ARRAYS = 2 /* words, for three arrays of floats */, BLOCK = 8, COEFFICIENTS = 64, MAX_COMPONENTS = 4, MAX_TABLES = 4, MAX_SCAN_BLOCKS = 10 };
enum { TEM = 0x01, SOF0 = 0xC0, SOF1, SOF2, SOF3, DHT = 0xC4, JPG = 0xC8, DAC = 0xCC, SOF15 = 0xCF };
enum { RST0 = 0xD0, RST7 = 0xD7, SOI, EOI, SOS, DQT, DNL, DRI };
enum { MAX_SCANS = 1000, MAX_RUN_BITS = 14, MAX_DC_BITS = 11, MAX_AC_BITS = 10 };
/* Writers leave a few bytes at the end of a scan, at most a sector of them. */
enum { MAX_STRAY_BYTES = 512 };

struct component {
    int id, across, down; /* sampling factors */
    const uint16_t *quantisation;
    int dc_table, ac_table;
    int32_t predictor;
    uint32_t columns, rows; /* in blocks, without those that only fill MCUs */
    /* A word for each block: which coefficients the scans so far made other than 0. The bits of
     * a refinement scan depend on it (T.81, G.1.2.3). */
    uint64_t *history;
    struct edges edges; /* of a sequential file */
    /* What each coefficient adds to the means of a block's top and bottom line, in levels. */
    float top[COEFFICIENTS], bottom[COEFFICIENTS];
};

struct frame {
    int is_progressive;
    uint32_t width, height;
    int components, most_across, most_down;
    struct component component[MAX_COMPONENTS];
};

struct scan {
    int components;
    struct component *component[MAX_COMPONENTS];
    int first, last, high, low; /* Ss, Se, Ah and Al */
    uint32_t columns, mcus; /* columns of MCUs */
    int can_shift; /* whether dc_shift.h applies */
    uint32_t run; /* EOBRUN: blocks that have no further coefficient */
};

struct walker {
    const uint8_t *data, *end;
    uint64_t *workspace;
    size_t workspace_words;
    struct report *report;
    struct frame frame;
    struct scan scan;
    uint32_t restart_interval; /* in MCUs; 0 for none */
    const uint8_t *definitions[2][MAX_TABLES]; /* of Huffman tables: class, number */
    size_t symbols[2][MAX_TABLES];
    const uint8_t *built[2][MAX_TABLES];
    struct huffman tables[2][MAX_TABLES];
    uint16_t quantisation[MAX_TABLES][COEFFICIENTS];
    struct reader reader;
    float top, bottom; /* means of the last block's top and bottom line, in levels */
};

/* Only the coefficients of the first column change the mean of a line, by
 * cos(v * pi / 16) / sqrt(32) at the top, and at the bottom with the other sign if v is odd
 * (T.81, A.3.3). By their places in the zigzag order, v = 0 to 7. */
static const float TOP_LINE[COEFFICIENTS] = {
    [0] = 0.125000f,
    [2] = 0.173380f,
    [3] = 0.163320f,
    [9] = 0.146984f,
    [10] = 0.125000f,
    [20] = 0.098212f,
    [21] = 0.067650f,
    [35] = 0.034487f,
};
static const uint64_t ODD_LINES = 1ull << 2 | 1ull << 9 | 1ull << 20 | 1ull << 35;

static uint32_t divided_up(uint32_t number, uint32_t by)
{
    return number / by + (number % by != 0);
}

static int number16(const uint8_t *at)
{
    return at[0] << 8 | at[1];
}

/* ------------------------------------------------------------------ blocks */

static int walk_difference(struct walker *walker, struct component *component)
{
    struct reader *reader = &walker->reader;
    int bits = next_symbol(reader, &walker->tables[0][component->dc_table]);
    if (bits > MAX_DC_BITS)
        return INVALID_CODE;
    component->predictor += take_signed(reader, bits);
    /* Eight times the mean of the block's samples, which are -128 to 127. An encoder rounds by
     * half a step, or by a whole one if it trades exactness for bytes. */
    int64_t step = (int64_t)component->quantisation[0] << walker->scan.low;
    int64_t level = component->predictor * step;
    if (level > 1016 + step || level < -1024 - step)
        return OUT_OF_RANGE;
    return INTACT;
}

/* Walks the AC coefficients of a block of a sequential scan. */
static int walk_ac(struct walker *walker, struct component *component)
{
    const struct huffman *table = &walker->tables[1][component->ac_table];
    float top = (float)component->predictor * component->top[0], bottom = top;
    /* A copy, which stays in registers. */
    struct reader reader = walker->reader;
    int finding = INTACT;

    for (int k = 1; k < COEFFICIENTS; k++) {
        int symbol = next_symbol(&reader, table);
        int run = symbol >> 4, bits = symbol & 15;
        if (bits == 0 && run != 15) {
            finding = run ? INVALID_CODE : INTACT; /* 0 is EOB */
            break;
        }
        k += run;
        if (bits > MAX_AC_BITS || k >= COEFFICIENTS) {
            finding = bits > MAX_AC_BITS ? INVALID_CODE : TOO_MANY_COEFFICIENTS;
            break;
        }
        float value = (float)take_signed(&reader, bits);
        top += value * component->top[k];
        bottom += value * component->bottom[k];
    }
    walker->reader = reader;
    walker->top = top;
    walker->bottom = bottom;
    return finding;
}

static int walk_sequential(struct walker *walker, struct component *component)
{
    int finding = walk_difference(walker, component);
    return finding ? finding : walk_ac(walker, component);
}

/* EOBn: 2^n blocks and as many as the next n bits say have no further coefficient in this scan. */
static void start_run(struct walker *walker, int bits)
{
    walker->scan.run = (1u << bits) + (uint32_t)take(&walker->reader, bits);
}

static int walk_first_ac(struct walker *walker, struct component *component, uint64_t *history)
{
    struct scan *scan = &walker->scan;
    struct reader *reader = &walker->reader;
    const struct huffman *table = &walker->tables[1][component->ac_table];
    uint64_t found = 0;

    for (int k = scan->first; k <= scan->last; k++) {
        int symbol = next_symbol(reader, table);
        int run = symbol >> 4, bits = symbol & 15;
        if (bits > MAX_AC_BITS)
            return INVALID_CODE;
        if (bits == 0 && run != 15) {
            start_run(walker, run);
            scan->run--;
            break;
        }
        k += run;
        if (k > scan->last)
            return TOO_MANY_COEFFICIENTS;
        if (bits) {
            skip(reader, bits);
            found |= 1ull << k;
        }
    }
    *history |= found;
    return INTACT;
}

/* Returns how many of the bits from `first` to `last` are 1; `first` may be beyond `last`. */
static int ones(uint64_t word, int first, int last)
{
    return first > last ? 0 : __builtin_popcountll(word >> first << (first + 63 - last));
}

static int walk_refined_ac(struct walker *walker, struct component *component, uint64_t *history)
{
    struct scan *scan = &walker->scan;
    struct reader *reader = &walker->reader;
    const struct huffman *table = &walker->tables[1][component->ac_table];
    int k = scan->first;

    while (!scan->run && k <= scan->last) {
        int symbol = next_symbol(reader, table);
        int run = symbol >> 4, bits = symbol & 15;
        if (bits > 1)
            return INVALID_CODE;
        if (bits == 0 && run != 15) {
            start_run(walker, run);
            break;
        }
        skip(reader, bits);
        /* Passes `run` zeros; each other coefficient on the way has a bit of correction. */
        for (; k <= scan->last; k++) {
            if (*history >> k & 1) {
                fill(reader);
                skip(reader, 1);
            } else if (run-- == 0) {
                break;
            }
        }
        if (k > scan->last)
            return TOO_MANY_COEFFICIENTS;
        if (bits)
            *history |= 1ull << k;
        k++;
    }
    if (scan->run) {
        scan->run--;
        for (int left = ones(*history, k, scan->last); left > 0; left -= 32) {
            fill(reader);
            skip(reader, left < 32 ? left : 32);
        }
    }
    return INTACT;
}

/* `history` is that of the block, in a scan of AC coefficients of a progressive file. */
static int walk_block(struct walker *walker, struct component *component, uint64_t *history)
{
    const struct scan *scan = &walker->scan;
    if (!walker->frame.is_progressive)
        return walk_sequential(walker, component);
    if (scan->first)
        return scan->high ? walk_refined_ac(walker, component, history)
                          : walk_first_ac(walker, component, history);
    if (scan->high == 0)
        return walk_difference(walker, component);
    fill(&walker->reader);
    skip(&walker->reader, 1);
    return INTACT;
}

/* ------------------------------------------------------------------- scans */

/* How many blocks an MCU has of a component, horizontally and in all: T.81, A.2. */
static int blocks_across(const struct scan *scan, const struct component *component)
{
    return scan->components == 1 ? 1 : component->across;
}

static int blocks_of(const struct scan *scan, const struct component *component)
{
    return scan->components == 1 ? 1 : component->across * component->down;
}

static int walk_mcu(struct walker *walker, uint32_t number)
{
    const struct scan *scan = &walker->scan;
    for (int i = 0; i < scan->components; i++) {
        struct component *component = scan->component[i];
        int across = blocks_across(scan, component), blocks = blocks_of(scan, component);
        uint64_t *history = component->history ? component->history + number : 0;
        float top = 0, bottom = 0;
        for (int block = 0; block < blocks; block++) {
            int finding = walk_block(walker, component, history);
            if (finding)
                return finding;
            top += block < across ? walker->top : 0;
            bottom += block >= blocks - across ? walker->bottom : 0;
        }
        if (scan->can_shift)
            add_edges(&component->edges, number % scan->columns, top / (float)across, bottom / (float)across);
    }
    return INTACT;
}

/* Looks for a shift in the last two rows of MCUs, after the last MCU of a row. */
static int walk_row_end(struct walker *walker, uint32_t row)
{
    const struct scan *scan = &walker->scan;
    for (int i = 0; i < scan->components; i++) {
        struct edges *edges = &scan->component[i]->edges;
        uint32_t column = row < 2 ? 0 : shifted_from(edges); /* nothing is above the first row */
        if (column) {
            walker->report->mcu = (row - 1) * scan->columns + column;
            return SHIFTED;
        }
        start_row(edges);
    }
    return INTACT;
}

/* Returns the next marker from `at` on, or `end`. */
static const uint8_t *next_marker(const uint8_t *at, const uint8_t *end)
{
    for (; end - at >= 2; at++)
        if (at[0] == 0xFF && at[1] != 0 && at[1] != 0xFF)
            return at;
    return end;
}

/* How many bits of the data are left that the reader has taken from it already. */
static int bits_left(const struct reader *reader)
{
    return reader->count - reader->invented;
}

static int is_padding(const struct reader *reader, int bits)
{
    return bits == 0 || peek(reader, bits) == (1u << bits) - 1;
}

/* Returns whether the data goes on with blocks, at least one, to its last bits, which are ones. */
static int continues_with_blocks(struct walker *walker)
{
    const struct scan *scan = &walker->scan;
    struct reader *reader = &walker->reader;
    uint64_t no_history = 0;
    for (int blocks = 0;;) {
        for (int i = 0; i < scan->components; i++) {
            struct component *component = scan->component[i];
            for (int block = 0; block < blocks_of(scan, component); block++, blocks++) {
                fill(reader);
                if (is_starved(reader))
                    return 0;
                if (reader->is_at_end && bits_left(reader) < 8 && is_padding(reader, bits_left(reader)))
                    return blocks > 0;
                if (walk_block(walker, component, &no_history))
                    return 0;
            }
        }
    }
}

/* Returns whether only zeros follow the padding: some writers fill a sector with them. */
static int is_zero_fill(const struct reader *reader, int padding, const uint8_t *marker)
{
    if (reader->bits << padding)
        return 0;
    for (const uint8_t *at = reader->at; at < marker; at++)
        if (*at)
            return 0;
    return 1;
}

/* Assesses what follows the last MCU, or the last one of a restart interval. The bits up to the
 * next byte are ones (T.81, F.1.2.3), some writers' are zeros. Further bytes are harmless if
 * they are few and are not further blocks: damage shifts blocks beyond the end. */
static int walk_rest(struct walker *walker)
{
    struct reader *reader = &walker->reader;
    fill(reader);
    int padding = bits_left(reader) % 8;
    const uint8_t *marker = next_marker(reader->at, walker->end);
    uint32_t bytes = (uint32_t)(bits_left(reader) / 8) + (uint32_t)(marker - reader->at);
    walker->report->left_over = bytes;
    if (bytes == 0 || (bytes <= MAX_STRAY_BYTES && is_zero_fill(reader, padding, marker)))
        return INTACT;
    int is_plausible = is_padding(reader, padding) || peek(reader, padding) == 0;
    if (bytes > MAX_STRAY_BYTES || !is_plausible || continues_with_blocks(walker))
        return LEFT_OVER;
    return INTACT;
}

/* Starts to read after the expected RSTn. */
static int walk_restart(struct walker *walker, uint32_t number)
{
    const uint8_t *marker = next_marker(walker->reader.at, walker->end);
    if (marker == walker->end || marker[1] != RST0 + number % 8)
        return BAD_RESTART;
    start_reader(&walker->reader, marker + 2, walker->end);
    for (int i = 0; i < walker->scan.components; i++)
        walker->scan.component[i]->predictor = 0;
    return INTACT;
}

/* Returns how many of the next blocks the run of a first scan skips: up to `left` of them. Those
 * of a refinement have corrections. */
static uint32_t skip_run(struct scan *scan, uint32_t left)
{
    uint32_t skipped = scan->high ? 0 : scan->run < left ? scan->run : left;
    scan->run -= skipped;
    return skipped;
}

static int walk_mcus(struct walker *walker)
{
    struct scan *scan = &walker->scan;
    struct reader *reader = &walker->reader;
    uint32_t left = walker->restart_interval ? walker->restart_interval : scan->mcus; /* of the interval */
    uint32_t restarts = 0;

    for (uint32_t number = 0; number < scan->mcus; number++) {
        walker->report->mcu = number;
        if (walker->restart_interval && left == 0) {
            int finding = scan->run ? LEFT_OVER : walk_rest(walker);
            if (!finding)
                finding = walk_restart(walker, restarts++);
            if (finding)
                return finding;
            left = walker->restart_interval;
        }
        uint32_t skipped = skip_run(scan, left < scan->mcus - number ? left : scan->mcus - number);
        if (skipped) {
            number += skipped - 1;
            left -= skipped;
            continue;
        }
        int finding = walk_mcu(walker, number);
        if (is_starved(reader)) {
            walker->report->is_end_of_data = next_marker(reader->at, walker->end) == walker->end;
            return MISSING;
        }
        if (!finding && scan->can_shift && (number + 1) % scan->columns == 0)
            finding = walk_row_end(walker, number / scan->columns);
        if (finding)
            return finding;
        left--;
    }
    walker->report->mcu = scan->mcus;
    return scan->run ? LEFT_OVER : walk_rest(walker);
}

/* ----------------------------------------------------------------- headers */

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

static int is_without_length(int marker)
{
    return marker == TEM || marker == SOI || (marker >= RST0 && marker <= RST7);
}

/* Reads a segment other than SOS. Returns 0 for what this walker, or libjpeg, does not take. */
static int read_segment(struct walker *walker, int marker, const uint8_t *at, const uint8_t *end)
{
    if (marker == DHT)
        return read_huffman_tables(walker, at, end);
    if (marker == DQT)
        return read_quantisation_tables(walker, at, end);
    if (marker == SOF0 || marker == SOF1 || marker == SOF2)
        return read_frame(walker, at, end, marker == SOF2);
    if (marker == DRI) {
        walker->restart_interval = end - at == 2 ? (uint32_t)number16(at) : 0;
        return end - at == 2;
    }
    return marker != DNL && (marker < SOF3 || marker > SOF15);
}

static int walk_segments(struct walker *walker)
{
    const uint8_t *at = walker->data + 2;
    struct report *report = walker->report;
    for (;;) {
        at = next_marker(at, walker->end);
        if (walker->end - at < 4 || at[1] == EOI)
            return report->scan ? INTACT : NOT_WALKED;
        int marker = at[1];
        at += 2;
        if (is_without_length(marker))
            continue;
        int length = number16(at) < 2 ? 2 : number16(at); /* libjpeg skips no less */
        if (length > walker->end - at)
            return NOT_WALKED;
        const uint8_t *content = at + 2;
        at += length;
        if (marker != SOS) {
            if (!read_segment(walker, marker, content, at))
                return NOT_WALKED;
            if (report->workspace_words > walker->workspace_words)
                return NEEDS_WORKSPACE;
            continue;
        }
        report->scan++;
        if (report->scan > MAX_SCANS || !read_scan(walker, content, at))
            return NOT_WALKED;
        report->mcus = walker->scan.mcus;
        start_reader(&walker->reader, at, walker->end);
        int finding = walk_mcus(walker);
        int is_last = !walker->frame.is_progressive
            && walker->scan.components == walker->frame.components;
        if (finding || is_last)
            return finding;
        at = walker->reader.at;
    }
}

/* Walks a file of `size` bytes, and returns the finding. `workspace` has `words` words of 0: after
 * NEEDS_WORKSPACE call again with as many as `report->workspace_words`. */
__attribute__((visibility("default"))) uint32_t jpeg_walk(
    const uint8_t *data, size_t size, uint64_t *workspace, size_t words, struct report *report)
{
    struct walker walker = {
        .data = data,
        .end = data + size,
        .workspace = workspace,
        .workspace_words = words,
        .report = report,
    };
    *report = (struct report){0};
    report->finding = size < 4 ? NOT_WALKED : (uint32_t)walk_segments(&walker);
    return report->finding;
}
