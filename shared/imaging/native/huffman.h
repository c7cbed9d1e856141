/* Bits and Huffman codes of a JPEG's entropy-coded data: ITU-T T.81, annexes B, C and F. */

#ifndef PIXFLEET_HUFFMAN_H
#define PIXFLEET_HUFFMAN_H

#include <stddef.h>
#include <stdint.h>

enum { LOOKAHEAD = 9, MAX_CODE_BITS = 16, MAX_SYMBOLS = 256, NO_SYMBOL = 0xFF };

/* Codes of up to LOOKAHEAD bits are found by the next bits of the data, longer ones by the
 * largest code of each length (T.81, F.2.2.3). */
struct huffman {
    uint16_t short_codes[1 << LOOKAHEAD]; /* bits << 8 | symbol; 0 for a longer code or none */
    int32_t largest[MAX_CODE_BITS + 1];   /* -1 if no code has this length */
    int32_t first_symbol[MAX_CODE_BITS + 1];
    uint8_t symbols[MAX_SYMBOLS];
};

/* Builds a table from the part of a DHT segment after its class and number: 16 counts, then the
 * symbols. Returns 0 if the codes do not fit into their lengths; libjpeg refuses such a table. */
static int build_huffman(struct huffman *table, const uint8_t *counts, size_t symbols)
{
    const uint8_t *values = counts + MAX_CODE_BITS;
    int32_t code = 0;
    size_t used = 0;

    for (int i = 0; i < 1 << LOOKAHEAD; i++)
        table->short_codes[i] = 0;
    for (int i = 0; i < MAX_SYMBOLS; i++)
        table->symbols[i] = (size_t)i < symbols ? values[i] : 0;
    for (int length = 1; length <= MAX_CODE_BITS; length++) {
        int count = counts[length - 1];
        table->first_symbol[length] = (int32_t)used - code;
        if (code + count > 1 << length || used + (size_t)count > symbols)
            return 0;
        for (int i = 0; i < count && length <= LOOKAHEAD; i++) {
            int spare = LOOKAHEAD - length;
            uint16_t entry = (uint16_t)(length << 8 | values[used + (size_t)i]);
            for (int rest = 0; rest < 1 << spare; rest++)
                table->short_codes[(code + i) << spare | rest] = entry;
        }
        used += (size_t)count;
        code += count;
        table->largest[length] = count ? code - 1 : -1;
        code <<= 1;
    }
    return 1;
}

/* Reads bits up to a marker or the end of the data, and then zeros, as libjpeg does. */
struct reader {
    const uint8_t *at, *end;
    uint64_t bits;  /* the next bits, from the most significant one on */
    int count;      /* how many of them are valid */
    int invented;   /* how many of those are zeros that follow the data */
    int is_at_end;  /* at a marker, or at the end of the data */
};

static void start_reader(struct reader *reader, const uint8_t *at, const uint8_t *end)
{
    *reader = (struct reader){.at = at, .end = end};
}

static void fill_by_bytes(struct reader *reader)
{
    while (reader->count <= 56) {
        uint64_t byte = 0;
        if (!reader->is_at_end) {
            const uint8_t *at = reader->at;
            if (at == reader->end || (*at == 0xFF && (reader->end - at < 2 || at[1] != 0))) {
                reader->is_at_end = 1;
            } else {
                byte = *at;
                reader->at = at + (byte == 0xFF ? 2 : 1); /* 0xFF is followed by a zero */
            }
        }
        if (reader->is_at_end)
            reader->invented += 8;
        reader->bits |= byte << (56 - reader->count);
        reader->count += 8;
    }
}

/* Makes at least 32 bits valid: a code of 16 bits and the 15 that may follow it. */
static inline void fill(struct reader *reader)
{
    if (reader->count >= 32)
        return;
    if (reader->end - reader->at >= 4) {
        const uint8_t *at = reader->at;
        uint32_t word = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
        if (!((~word - 0x01010101u) & word & 0x80808080u)) { /* no byte is 0xFF */
            reader->bits |= (uint64_t)word << (32 - reader->count);
            reader->count += 32;
            reader->at = at + 4;
            return;
        }
    }
    fill_by_bytes(reader);
}

static inline uint32_t peek(const struct reader *reader, int bits)
{
    return (uint32_t)(reader->bits >> (64 - bits));
}

static inline void skip(struct reader *reader, int bits)
{
    reader->bits <<= bits;
    reader->count -= bits;
}

/* Returns the next `bits` bits as a number; 0 for none. */
static inline int32_t take(struct reader *reader, int bits)
{
    int32_t value = bits ? (int32_t)peek(reader, bits) : 0;
    skip(reader, bits);
    return value;
}

/* Returns the number that the next `bits` bits stand for: T.81, F.2.2.1. Without a branch, which
 * the processor could not predict. */
static inline int32_t take_signed(struct reader *reader, int bits)
{
    int32_t is_negative = (int32_t)(reader->bits >> 63) - 1; /* all ones, or 0 */
    int32_t value = (int32_t)(reader->bits >> 32 >> (32 - bits));
    skip(reader, bits);
    return value - (is_negative & ((1 << bits) - 1));
}

/* Returns the next symbol, or NO_SYMBOL, which no scan may have, for bits that are no code. */
static inline int next_symbol(struct reader *reader, const struct huffman *table)
{
    fill(reader);
    uint16_t entry = table->short_codes[peek(reader, LOOKAHEAD)];
    if (entry) {
        skip(reader, entry >> 8);
        return entry & 0xFF;
    }
    for (int length = LOOKAHEAD + 1; length <= MAX_CODE_BITS; length++) {
        int32_t code = (int32_t)peek(reader, length);
        if (code <= table->largest[length]) {
            skip(reader, length);
            return table->symbols[(table->first_symbol[length] + code) & 0xFF];
        }
    }
    return NO_SYMBOL;
}

/* Returns whether bits were taken that the data does not have. */
static inline int is_starved(const struct reader *reader)
{
    return reader->invented > reader->count;
}

#endif
