/* Finds where a sequential scan lost its predictor of brightness or colour.
 *
 * Each block stores the difference of its mean to that of the block before (T.81, F.1.1.5.1). So a
 * wrong difference shifts all blocks that follow, by the same amount, and often nothing else is
 * wrong. In the picture the shift begins at an MCU, and shows as a step along the upper edges of
 * as many MCUs as a row has: the rest of its row, and in the next row those before it. Nothing
 * else looks like that: other edges do not follow the borders of MCUs over two rows, and their
 * steps differ. Those of drawings may: two panels of a page, the tiles of a game. But there what is
 * below the edge does not depend on what is above it, and in a shifted picture it does.
 */

#ifndef PIXFLEET_DC_SHIFT_H
#define PIXFLEET_DC_SHIFT_H

#include <stdint.h>

enum {
    /* A part of a row with fewer MCUs is too short to compare. */
    LEAST_PART = 8,
    LEAST_COLUMNS = 32,
    MANY_COLUMNS = 64,
    MOST_LEVELS = 255,
    /* Both parts of the edge end at a border of the picture and at the MCU of the shift. Of END
     * MCUs at each of these ends, LEAST_AT_END must have the step: windows and bars of a screen
     * shot seldom reach all four. */
    END = 8,
    LEAST_AT_END = 5,
    /* The damage itself: MCUs beside the shift that are not looked at. */
    GARBLED = 2,
};
/* In levels of 256. Steps count up to the limit only: one edge must not decide. */
static const float STEP_LIMIT = 8, LEAST_CONTRAST = 4, LEVEL_LIMIT = MOST_LEVELS;
/* Steps are alike if they differ by less than half the shift, and by less than this. */
static const float MOST_REACH = 16;
/* The share of the MCUs that must have the step, and of the others that must have none. With the
 * rule of ends these refuse none of 3,300 intact pictures, two thirds of them drawings and screens. */
static const float LEAST_SHARE = 0.8f, LEAST_SHARE_OF_FEW = 0.95f;
/* Steps that vary half as much as the levels above them, or more, are those of a drawing. */
static const float MOST_VARIATION = 0.5f;
/* The share of these levels that must differ from the one before: those of flat areas do not. */
static const float LEAST_CHANGES = 0.25f;

/* One component of a scan. Arrays have an element for each column of MCUs. */
struct edges {
    uint32_t columns;
    float *bottom;       /* means of the bottom lines of the MCUs above */
    float *above, *here; /* steps from the MCUs above, in the last row and in this one */
    float *above_levels, *here_levels; /* the means from which these steps start */
};

static float limited(float step, float limit)
{
    return step > limit ? limit : step < -limit ? -limit : step;
}

static float smaller(float one, float other)
{
    return one < other ? one : other;
}

/* Returns the column at which a shift is most likely to begin in the row above, and by how much
 * the mean steps of the four parts of both rows agree with it. */
static uint32_t likeliest_column(const struct edges *edges, float *contrast)
{
    float columns = (float)edges->columns, above = 0, here = 0, left_above = 0, left_here = 0;
    uint32_t found = 0;
    *contrast = 0;
    for (uint32_t i = 0; i < edges->columns; i++) {
        above += limited(edges->above[i], STEP_LIMIT);
        here += limited(edges->here[i], STEP_LIMIT);
    }
    for (uint32_t i = 0; i + LEAST_PART <= edges->columns; i++) {
        if (i >= LEAST_PART) {
            float left = (float)i, right = columns - left;
            float shifted_above = (above - left_above) / right, shifted_here = left_here / left;
            float plain_above = left_above / left, plain_here = (here - left_here) / right;
            float up = smaller(shifted_above, shifted_here) + smaller(-plain_above, -plain_here);
            float down = smaller(-shifted_above, -shifted_here) + smaller(plain_above, plain_here);
            float most = up > down ? up : down;
            if (most > *contrast) {
                *contrast = most;
                found = i;
            }
        }
        left_above += limited(edges->above[i], STEP_LIMIT);
        left_here += limited(edges->here[i], STEP_LIMIT);
    }
    return found;
}

/* Returns the step at the MCU that is `number` columns after `column` in the row above. */
static float step_after(const struct edges *edges, uint32_t column, uint32_t number)
{
    uint32_t at = column + number;
    return at < edges->columns ? edges->above[at] : edges->here[at - edges->columns];
}

/* Returns the level from which that step starts. */
static float level_after(const struct edges *edges, uint32_t column, uint32_t number)
{
    uint32_t at = column + number;
    return at < edges->columns ? edges->above_levels[at] : edges->here_levels[at - edges->columns];
}

/* Returns the median of the steps along the shift, rounded to levels. */
static float median_step(const struct edges *edges, uint32_t column)
{
    uint32_t counts[2 * MOST_LEVELS + 1] = {0}, passed = 0;
    for (uint32_t i = 0; i < edges->columns; i++) {
        float step = step_after(edges, column, i);
        counts[(int)(limited(step, LEVEL_LIMIT) + LEVEL_LIMIT + 0.5f)]++;
    }
    int level = 0;
    while ((passed += counts[level]) * 2 < edges->columns)
        level++;
    return (float)(level - MOST_LEVELS);
}

/* The step at the MCU that is `number` columns after `column` in this row: beside the shift. */
static float step_beside(const struct edges *edges, uint32_t column, uint32_t number)
{
    uint32_t at = column + number;
    return at < edges->columns ? edges->here[at] : edges->above[at - edges->columns];
}

static int is_near(float step, float to, float shift)
{
    float distance = step - to, reach = smaller((shift < 0 ? -shift : shift) / 2, MOST_REACH);
    return distance < reach && distance > -reach;
}

/* Returns how many of `count` MCUs along the shift have its step, from the one `first` on. */
static uint32_t with_step(
    const struct edges *edges, uint32_t column, float shift, uint32_t first, uint32_t count)
{
    uint32_t found = 0;
    for (uint32_t i = first; i < first + count; i++)
        found += (uint32_t)is_near(step_after(edges, column, i), shift, shift);
    return found;
}

static int has_ends(const struct edges *edges, uint32_t column, float shift)
{
    uint32_t border = edges->columns - column, most = edges->columns - END;
    uint32_t first = border < END ? 0 : border - END, next = border > most ? most : border;
    return with_step(edges, column, shift, GARBLED, END) >= LEAST_AT_END
        && with_step(edges, column, shift, first, END) >= LEAST_AT_END
        && with_step(edges, column, shift, next, END) >= LEAST_AT_END
        && with_step(edges, column, shift, most - GARBLED, END) >= LEAST_AT_END;
}

static float limited_distance(float one, float other)
{
    float difference = one - other;
    return smaller(difference < 0 ? -difference : difference, MOST_REACH);
}

/* Returns whether the levels below the edge follow those above it: whether the steps vary much
 * less than the levels from which they start. Both are constant between flat colours. */
static int follows_above(const struct edges *edges, uint32_t column, float shift)
{
    float columns = (float)edges->columns, step = 0, level = 0, steps = 0, levels = 0, changes = 0;
    for (uint32_t i = 0; i < edges->columns; i++) {
        step += limited(step_after(edges, column, i) - shift, MOST_REACH) / columns;
        level += level_after(edges, column, i) / columns;
    }
    for (uint32_t i = 0; i < edges->columns; i++) {
        steps += limited_distance(step_after(edges, column, i), shift + step);
        levels += limited_distance(level_after(edges, column, i), level);
        changes += (float)(i && level_after(edges, column, i) != level_after(edges, column, i - 1));
    }
    return changes >= LEAST_CHANGES * columns && steps < MOST_VARIATION * levels;
}

static int is_shift(const struct edges *edges, uint32_t column)
{
    float shift = median_step(edges, column);
    float least = (edges->columns < MANY_COLUMNS ? LEAST_SHARE_OF_FEW : LEAST_SHARE) * (float)edges->columns;
    uint32_t plain = 0;
    for (uint32_t i = 0; i < edges->columns; i++)
        plain += (uint32_t)is_near(step_beside(edges, column, i), 0, shift);
    return (float)plain >= least
        && (float)with_step(edges, column, shift, 0, edges->columns) >= least
        && has_ends(edges, column, shift)
        && follows_above(edges, column, shift);
}

/* Returns the column of the row above in which a shift begins; 0 for none. */
static uint32_t shifted_from(const struct edges *edges)
{
    float contrast;
    uint32_t column = likeliest_column(edges, &contrast);
    return contrast >= LEAST_CONTRAST && is_shift(edges, column) ? column : 0;
}

/* Takes the next MCU of a row: the mean levels of its top line and of its bottom line. */
static void add_edges(struct edges *edges, uint32_t column, float top, float bottom)
{
    edges->here[column] = top - edges->bottom[column];
    edges->here_levels[column] = edges->bottom[column];
    edges->bottom[column] = bottom;
}

static void start_row(struct edges *edges)
{
    float *above = edges->above, *levels = edges->above_levels;
    edges->above = edges->here;
    edges->here = above;
    edges->above_levels = edges->here_levels;
    edges->here_levels = levels;
}

#endif
