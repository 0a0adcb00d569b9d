/* ITU-T G.722 at 64 kbit/s for the test phone, written from the
 * Recommendation and nothing else, so that the program's codec meets one
 * that it shares no code with. Names are those of its figures and blocks. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct band {
    int s, sp, sz, nb, det;
    int r[3], a[3], p[3], d[7], b[7];
};

struct g722 {
    struct band low, high;
    int x[24]; /* of the QMF, the newest first */
};

struct g722 *test_g722_new(void);
void test_g722_free(struct g722 *g);
void test_g722_encode(struct g722 *g, const int16_t *in, uint8_t *out,
                      size_t n);
void test_g722_decode(struct g722 *g, const uint8_t *in, int16_t *out,
                      size_t n);

static const int q6[30] = {0,    35,   72,   110,  150,  190,  233,  276,
                           323,  370,  422,  473,  530,  587,  650,  714,
                           786,  858,  940,  1023, 1121, 1219, 1339, 1458,
                           1612, 1765, 1980, 2195, 2557, 2919};
static const int ilb[32] = {2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383,
                            2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
                            2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371,
                            3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008};
static const int wl[8] = {-60, -30, 58, 172, 334, 538, 1198, 3042};
static const int rl42[16] = {0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0};
static const int qm2[4] = {-7408, -1616, 7408, 1616};
static const int wh[3] = {0, -214, 798};
static const int rh2[4] = {2, 1, 2, 1};
static const int qm4[16] = {0,     -20456, -12896, -8968, -6288, -4240,
                            -2584, -1200,  20456,  12896, 8968,  6288,
                            4240,  2584,   1200,   0};
static const int qm6[64] = {
    -136,   -136,   -136,   -136,   -24808, -21904, -19008, -16704,
    -14984, -13512, -12280, -11192, -10232, -9360,  -8576,  -7856,
    -7192,  -6576,  -6000,  -5456,  -4944,  -4464,  -4008,  -3576,
    -3168,  -2776,  -2400,  -2032,  -1688,  -1360,  -1040,  -728,
    24808,  21904,  19008,  16704,  14984,  13512,  12280,  11192,
    10232,  9360,   8576,   7856,   7192,   6576,   6000,   5456,
    4944,   4464,   4008,   3576,   3168,   2776,   2400,   2032,
    1688,   1360,   1040,   728,    432,    136,    -432,   -136};
static const int qmf[24] = {3,    -11,  -11,  53,   12,   -156, 32,   362,
                            -210, -805, 951,  3876, 3876, 951,  -805, -210,
                            362,  32,   -156, 12,   53,   -11,  -11,  3};

static int limit(int x, int min, int max)
{
    return x < min ? min : x > max ? max : x;
}

static int sat(int x)
{
    return limit(x, -32768, 32767);
}

/* RECONS to PREDIC: the predictor after a quantised difference. */
static void adapt(struct band *k, int d)
{
    int r = sat(k->s + d), p = sat(k->sz + d);
    int same1 = (p < 0) == (k->p[0] < 0), same2 = (p < 0) == (k->p[1] < 0);
    int a1 = sat(k->a[0] * 4), a2;

    /* UPPOL2, UPPOL1 */
    a2 = limit(same1 ? -a1 : a1, -32768, 32767) >> 7;
    a2 = limit(a2 + (same2 ? 128 : -128) + ((k->a[1] * 32512) >> 15), -12288,
               12288);
    a1 = (same1 ? 192 : -192) + ((k->a[0] * 32640) >> 15);
    a1 = limit(a1, -(15360 - a2), 15360 - a2);
    /* UPZERO: b[i] belongs to the difference i + 1 before this one */
    for (int i = 0; i < 6; i++) {
        int step = d == 0 ? 0 : (k->d[i] < 0) == (d < 0) ? 128 : -128;

        k->b[i] = sat(step + ((k->b[i] * 32640) >> 15));
    }
    memmove(k->d + 1, k->d, 5 * sizeof(*k->d));
    k->d[0] = d;
    k->p[1] = k->p[0];
    k->p[0] = p;
    k->r[1] = k->r[0];
    k->r[0] = r;
    k->a[0] = a1;
    k->a[1] = a2;
    /* FILTEP, FILTEZ, PREDIC */
    k->sp =
        sat(((a1 * sat(2 * k->r[0])) >> 15) + ((a2 * sat(2 * k->r[1])) >> 15));
    k->sz = 0;
    for (int i = 5; i >= 0; i--)
        k->sz = sat(k->sz + ((k->b[i] * sat(2 * k->d[i])) >> 15));
    k->s = sat(k->sp + k->sz);
}

static int scale(int nb, int shift)
{
    int part = ilb[(nb >> 6) & 31], by = shift - (nb >> 11);

    return (by < 0 ? part << -by : part >> by) << 2;
}

static void adapt_low(struct band *k, int ril)
{
    int d = (k->det * qm4[ril]) >> 15;

    k->nb = limit(((k->nb * 127) >> 7) + wl[rl42[ril]], 0, 18432);
    k->det = scale(k->nb, 8);
    adapt(k, d);
}

static void adapt_high(struct band *k, int ih)
{
    int d = (k->det * qm2[ih]) >> 15;

    k->nb = limit(((k->nb * 127) >> 7) + wh[rh2[ih]], 0, 22528);
    k->det = scale(k->nb, 10);
    adapt(k, d);
}

static int encode_low(struct band *k, int x)
{
    int e = sat(x - k->s), size = e < 0 ? -e - 1 : e, i = 1, code;

    while (i < 30 && size >= ((q6[i] * k->det) >> 12))
        i++;
    code = e < 0 ? (i < 3 ? 64 - i : 34 - i) : 62 - i;
    adapt_low(k, code >> 2);
    return code;
}

static int encode_high(struct band *k, int x)
{
    int e = sat(x - k->s), size = e < 0 ? -e - 1 : e;
    int outer = size >= ((564 * k->det) >> 12);
    int code = e < 0 ? !outer : 3 - outer;

    adapt_high(k, code);
    return code;
}

struct g722 *test_g722_new(void)
{
    struct g722 *g = calloc(1, sizeof(*g));

    if (g) {
        g->low.det = 32;
        g->high.det = 8;
    }
    return g;
}

void test_g722_free(struct g722 *g)
{
    free(g);
}

static void shift_in(struct g722 *g, int newer, int older)
{
    memmove(g->x + 2, g->x, 22 * sizeof(*g->x));
    g->x[0] = newer;
    g->x[1] = older;
}

/* n bytes from 2 * n samples of 16 kHz */
void test_g722_encode(struct g722 *g, const int16_t *in, uint8_t *out,
                      size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int a = 0, b = 0, high;

        shift_in(g, in[2 * i + 1], in[2 * i]);
        for (int k = 0; k < 24; k += 2) {
            a += g->x[k] * qmf[k];
            b += g->x[k + 1] * qmf[k + 1];
        }
        high = encode_high(&g->high, (a - b) >> 14);
        out[i] = (uint8_t)(high << 6 | encode_low(&g->low, (a + b) >> 14));
    }
}

/* 2 * n samples of 16 kHz from n bytes */
void test_g722_decode(struct g722 *g, const uint8_t *in, int16_t *out,
                      size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int il = in[i] & 63, ih = in[i] >> 6, even = 0, odd = 0;
        int low =
            limit(g->low.s + ((g->low.det * qm6[il]) >> 15), -16384, 16383);
        int high =
            limit(g->high.s + ((g->high.det * qm2[ih]) >> 15), -16384, 16383);

        adapt_low(&g->low, il >> 2);
        adapt_high(&g->high, ih);
        shift_in(g, low + high, low - high);
        for (int k = 0; k < 24; k += 2) {
            even += g->x[k + 1] * qmf[k];
            odd += g->x[k] * qmf[k + 1];
        }
        out[2 * i] = (int16_t)sat(even >> 11);
        out[2 * i + 1] = (int16_t)sat(odd >> 11);
    }
}
