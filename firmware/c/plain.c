/* Plain loops. */
#include "nmf.h"

#include <math.h>

void descend(const float gram[PARTS][PARTS], const float inverse[PARTS], const float *cross, int stride, float *factor)
{
    float f[PARTS], g[PARTS], enough = 0.0f;
    for (int k = 0; k < PARTS; k++)
        f[k] = factor[k * stride];
    for (int k = 0; k < PARTS; k++) {
        g[k] = cross[k * stride];
        for (int q = 0; q < PARTS; q++)
            g[k] -= gram[k][q] * f[q];
    }
    for (int pass = 0; pass < 3; pass++) {
        float moved = 0.0f;
        for (int k = 0; k < PARTS; k++) {
            float value = f[k] + g[k] * inverse[k];
            if (value < 0.0f)
                value = 0.0f;
            float step = value - f[k];
            f[k] = value;
            moved += step * step;
            for (int q = 0; q < PARTS; q++)
                g[q] -= gram[k][q] * step;
        }
        if (pass == 0)
            enough = 0.01f * moved;
        else if (moved <= enough)
            break;
    }
    for (int k = 0; k < PARTS; k++)
        factor[k * stride] = f[k];
}

void plain_hals_sweep(const float x[FRAMES][FEATURES], float w[PARTS][FEATURES], float h[FRAMES][PARTS])
{
    float gram[PARTS][PARTS], inverse[PARTS];
    static float b[PARTS][FEATURES];

    for (int k = 0; k < PARTS; k++)
        for (int q = 0; q <= k; q++) {
            float sum = 0.0f;
            for (int i = 0; i < FEATURES; i++)
                sum += w[k][i] * w[q][i];
            gram[k][q] = gram[q][k] = sum;
        }
    for (int k = 0; k < PARTS; k++)
        inverse[k] = gram[k][k] > 0.0f ? 1.0f / gram[k][k] : 0.0f;
    for (int j = 0; j < FRAMES; j++) {
        float cross[PARTS];
        for (int k = 0; k < PARTS; k++) {
            float sum = 0.0f;
            for (int i = 0; i < FEATURES; i++)
                sum += w[k][i] * x[j][i];
            cross[k] = sum;
        }
        descend(gram, inverse, cross, 1, h[j]);
    }

    for (int k = 0; k < PARTS; k++)
        for (int q = 0; q <= k; q++) {
            float sum = 0.0f;
            for (int j = 0; j < FRAMES; j++)
                sum += h[j][k] * h[j][q];
            gram[k][q] = gram[q][k] = sum;
        }
    for (int k = 0; k < PARTS; k++)
        inverse[k] = gram[k][k] > 0.0f ? 1.0f / gram[k][k] : 0.0f;
    for (int k = 0; k < PARTS; k++)
        for (int i = 0; i < FEATURES; i++)
            b[k][i] = 0.0f;
    for (int j = 0; j < FRAMES; j++)
        for (int k = 0; k < PARTS; k++)
            for (int i = 0; i < FEATURES; i++)
                b[k][i] += h[j][k] * x[j][i];
    for (int i = 0; i < FEATURES; i++)
        descend(gram, inverse, &b[0][i], FEATURES, &w[0][i]);
}

void active_set(const float gram[ATOMS][ATOMS], const float cross[ATOMS], float h[ATOMS], solve_function *solve)
{
    int set[ATOMS], count = 0, used[ATOMS] = { 0 };
    float largest = 0.0f;
    for (int k = 0; k < ATOMS; k++) {
        h[k] = 0.0f;
        if (fabsf(cross[k]) > largest)
            largest = fabsf(cross[k]);
    }
    for (int round = 0; round < 3 * ATOMS; round++) {
        float x[ATOMS], most = 1e-6f * largest;
        int enters = -1;
        for (int k = 0; k < ATOMS; k++) {
            float g = cross[k];
            for (int q = 0; q < ATOMS; q++)
                g -= gram[k][q] * h[q];
            if (!used[k] && g > most) {
                most = g;
                enters = k;
            }
        }
        if (enters < 0)
            return;
        used[enters] = 1;
        for (;;) {
            float alpha = 1.0f;
            count = 0;
            for (int k = 0; k < ATOMS; k++)
                if (used[k])
                    set[count++] = k;
            solve(gram, set, count, cross, x);
            for (int p = 0; p < count; p++)
                if (x[p] <= 0.0f && h[set[p]] / (h[set[p]] - x[p]) < alpha)
                    alpha = h[set[p]] / (h[set[p]] - x[p]);
            for (int p = 0; p < count; p++) {
                int k = set[p];
                h[k] += alpha * (x[p] - h[k]);
                if (x[p] <= 0.0f && h[k] <= 1e-6f) {
                    h[k] = 0.0f;
                    used[k] = 0;
                }
            }
            if (alpha == 1.0f)
                break;
        }
    }
}

static void solve(const float gram[ATOMS][ATOMS], const int *set, int count, const float *cross, float *x)
{
    float l[ATOMS][ATOMS];
    for (int p = 0; p < count; p++) {
        for (int q = 0; q <= p; q++) {
            float sum = gram[set[p]][set[q]];
            for (int r = 0; r < q; r++)
                sum -= l[p][r] * l[q][r];
            l[p][q] = p == q ? sqrtf(sum) : sum / l[q][q];
        }
        float sum = cross[set[p]];
        for (int r = 0; r < p; r++)
            sum -= l[p][r] * x[r];
        x[p] = sum / l[p][p];
    }
    for (int p = count - 1; p >= 0; p--) {
        float sum = x[p];
        for (int r = p + 1; r < count; r++)
            sum -= l[r][p] * x[r];
        x[p] = sum / l[p][p];
    }
}

void plain_encode(const float w[ATOMS][FEATURES], const float gram[ATOMS][ATOMS], const float x[FEATURES], float h[ATOMS])
{
    float cross[ATOMS];
    for (int k = 0; k < ATOMS; k++) {
        float sum = 0.0f;
        for (int i = 0; i < FEATURES; i++)
            sum += w[k][i] * x[i];
        cross[k] = sum;
    }
    active_set(gram, cross, h, solve);
}
