/* The products by CMSIS-DSP. */
#include "nmf.h"

#include "dsp/matrix_functions.h"

static float wt[PARTS * FEATURES], ht[FRAMES * PARTS], c[PARTS * FRAMES], b[FEATURES * PARTS];

static void inverses(const float gram[PARTS][PARTS], float inverse[PARTS])
{
    for (int k = 0; k < PARTS; k++)
        inverse[k] = gram[k][k] > 0.0f ? 1.0f / gram[k][k] : 0.0f;
}

void cmsis_hals_sweep(float *x, float *w, float *h)
{
    float gram[PARTS][PARTS], inverse[PARTS];
    arm_matrix_instance_f32 x_matrix = { FEATURES, FRAMES, x }, w_matrix = { FEATURES, PARTS, w }, h_matrix = { PARTS, FRAMES, h };
    arm_matrix_instance_f32 wt_matrix = { PARTS, FEATURES, wt }, ht_matrix = { FRAMES, PARTS, ht };
    arm_matrix_instance_f32 gram_matrix = { PARTS, PARTS, &gram[0][0] };
    arm_matrix_instance_f32 c_matrix = { PARTS, FRAMES, c }, b_matrix = { FEATURES, PARTS, b };

    arm_mat_trans_f32(&w_matrix, &wt_matrix);
    arm_mat_mult_f32(&wt_matrix, &w_matrix, &gram_matrix);
    arm_mat_mult_f32(&wt_matrix, &x_matrix, &c_matrix);
    inverses(gram, inverse);
    for (int j = 0; j < FRAMES; j++)
        descend(gram, inverse, c + j, FRAMES, h + j);

    arm_mat_trans_f32(&h_matrix, &ht_matrix);
    arm_mat_mult_f32(&h_matrix, &ht_matrix, &gram_matrix);
    arm_mat_mult_f32(&x_matrix, &ht_matrix, &b_matrix);
    inverses(gram, inverse);
    for (int i = 0; i < FEATURES; i++)
        descend(gram, inverse, b + i * PARTS, 1, w + i * PARTS);
}

static void solve(const float gram[ATOMS][ATOMS], const int *set, int count, const float *cross, float *x)
{
    float part[ATOMS * ATOMS], l[ATOMS * ATOMS], lt[ATOMS * ATOMS], right[ATOMS], half[ATOMS];
    arm_matrix_instance_f32 part_matrix = { count, count, part }, l_matrix = { count, count, l }, lt_matrix = { count, count, lt };
    arm_matrix_instance_f32 right_matrix = { count, 1, right }, half_matrix = { count, 1, half }, x_matrix = { count, 1, x };
    for (int p = 0; p < count; p++) {
        right[p] = cross[set[p]];
        for (int q = 0; q < count; q++) {
            part[p * count + q] = gram[set[p]][set[q]];
            l[p * count + q] = 0.0f;
        }
    }
    arm_mat_cholesky_f32(&part_matrix, &l_matrix);
    arm_mat_solve_lower_triangular_f32(&l_matrix, &right_matrix, &half_matrix);
    arm_mat_trans_f32(&l_matrix, &lt_matrix);
    arm_mat_solve_upper_triangular_f32(&lt_matrix, &half_matrix, &x_matrix);
}

void cmsis_encode(float *wt, const float gram[ATOMS][ATOMS], float *x, float h[ATOMS])
{
    float cross[ATOMS];
    arm_matrix_instance_f32 wt_matrix = { ATOMS, FEATURES, wt };
    arm_mat_vec_mult_f32(&wt_matrix, x, cross);
    active_set(gram, cross, h, solve);
}
