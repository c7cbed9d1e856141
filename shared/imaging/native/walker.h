/* The state of a walk, and its report. */

#ifndef PIXFLEET_WALKER_H
#define PIXFLEET_WALKER_H

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

enum { BLOCK = 8, COEFFICIENTS = 64, MAX_COMPONENTS = 4, MAX_TABLES = 4, MAX_SCAN_BLOCKS = 10 };
enum { TEM = 0x01, SOF0 = 0xC0, SOF1, SOF2, SOF3, DHT = 0xC4, JPG = 0xC8, DAC = 0xCC, SOF15 = 0xCF };
enum { RST0 = 0xD0, RST7 = 0xD7, SOI, EOI, SOS, DQT, DNL, DRI };
enum { MAX_SCANS = 1000, MAX_DC_BITS = 11, MAX_AC_BITS = 10 };
/* Writers leave a few bytes at the end of a scan, at most a sector of them. */
enum { MAX_STRAY_BYTES = 512 };

struct component {
    int id, across, down; /* sampling factors */
    const uint16_t *quantisation;
    int dc_table, ac_table;
    int64_t predictor; /* without a bound if the quantisation step is 0 */
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

#endif
