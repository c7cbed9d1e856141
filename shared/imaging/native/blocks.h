/* Walks one block of each kind of scan: ITU-T T.81, annexes F and G. */

#ifndef PIXFLEET_BLOCKS_H
#define PIXFLEET_BLOCKS_H

#include "walker.h"

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

#endif
