/* The two jobs as one would write them in C today, for the image `versus`. Sizes are constants, nothing is allocated. */
#ifndef NMF_H
#define NMF_H

enum { FEATURES = 64, FRAMES = 32, PARTS = 4, ATOMS = 8 };

/* One sweep of HALS: three passes over every vector, left early once a pass moves it by a hundredth of its first.
 * plain: x, h a frame after the other, w a part after the other. */
void plain_hals_sweep(const float x[FRAMES][FEATURES], float w[PARTS][FEATURES], float h[FRAMES][PARTS]);

/* The same by CMSIS-DSP matrix functions: x FEATURES×FRAMES, w FEATURES×PARTS, h PARTS×FRAMES, all by rows. */
void cmsis_hals_sweep(float *x, float *w, float *h);

/* One frame as a non-negative sum of the atoms: cross product, then least squares with an active set (Lawson & Hanson) on
 * the normal equations. w: an atom after the other. */
void plain_encode(const float w[ATOMS][FEATURES], const float gram[ATOMS][ATOMS], const float x[FEATURES], float h[ATOMS]);

/* The same by CMSIS-DSP functions. wt: ATOMS×FEATURES by rows, which is an atom after the other. */
void cmsis_encode(float *wt, const float gram[ATOMS][ATOMS], float *x, float h[ATOMS]);

/* What both sweeps share: coordinate descent on one vector. */
void descend(const float gram[PARTS][PARTS], const float inverse[PARTS], const float *cross, int stride, float *factor);

/* What both encoders share: solves gram[set][set] * x = cross[set] for the `count` members of `set`. */
typedef void solve_function(const float gram[ATOMS][ATOMS], const int *set, int count, const float *cross, float *x);
void active_set(const float gram[ATOMS][ATOMS], const float cross[ATOMS], float h[ATOMS], solve_function *solve);

#endif
