/* Walks the entropy-coded data of a JPEG and reports the first thing that an intact file cannot
 * have. It decodes no pixel: it follows the Huffman codes and counts blocks, because most damage
 * makes libjpeg lose or gain some without a warning. ITU-T T.81: https://www.w3.org/Graphics/JPEG/itu-t81.pdf
 *
 * It takes sequential and progressive files with Huffman codes and 8 bits. All others are
 * NOT_WALKED, and so are files that libjpeg refuses by their headers. The data is not trusted:
 * every read is within `data`, every loop is bounded by its size, or by blocks times scans. No
 * function of a library is called, and no memory is allocated.
 */

#include "blocks.h"
#include "headers.h"

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
