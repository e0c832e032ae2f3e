"""The sums of a C program, block by block, in lanes that compilers turn into vectors."""

_BASE = """\
enum { BLOCK_ = 256, LANES_ = 8 }; /* rows whose terms are summed together; partial sums of them */

/* One more term of a sum; what its rounding lost goes to the rest (Ogita, Rump & Oishi 2005). */
static inline void add_(double *total, double *rest, double term) {
    const double sum = *total + term;
    const double back = sum - *total;
    *rest += (*total - (sum - back)) + (term - back);
    *total = sum;
}

/* The sum of a block of terms, each times its weight: in lanes that do not wait for each other. */
static double sum_(double *terms, const double *weights, long count) {
    double lane[LANES_] = {0.0};
    if (terms == NULL && weights == NULL) {
        return (double)count;
    }
    const long whole = count - count % LANES_;
    const double *one = terms != NULL ? terms : weights; /* without terms, of the weights */
    const bool both = terms != NULL && weights != NULL;
    if (!both) {
        for (long i = 0; i < whole; i += LANES_) {
            for (long j = 0; j < LANES_; j++) {
                lane[j] += one[i + j];
            }
        }
    } else {
        for (long i = 0; i < whole; i += LANES_) {
            for (long j = 0; j < LANES_; j++) {
                lane[j] += weights[i + j] * terms[i + j];
            }
        }
    }
    for (long i = whole; i < count; i++) {
        lane[i - whole] += both ? weights[i] * terms[i] : one[i];
    }
    for (long half = LANES_ / 2; half > 0; half /= 2) {
        for (long j = 0; j < half; j++) {
            lane[j] += lane[j + half];
        }
    }
    return lane[0];
}"""

_LOG = """\
/* The sum of the logarithms of a block: the mantissas in [1/sqrt(2), sqrt(2)) are multiplied and
   the exponents added, for one logarithm in all.  Weights, and what is not positive and normal,
   take a logarithm each. */
static double sum_log_(double *values, const double *weights, long count) {
    double product[LANES_];
    int64_t exponent[LANES_];
    uint64_t odd[LANES_];
    for (long j = 0; j < LANES_; j++) {
        product[j] = 1.0;
        exponent[j] = 0;
        odd[j] = weights != NULL;
    }
    const long even = count - count % LANES_;
    for (long i = 0; i < even; i += LANES_) {
        for (long j = 0; j < LANES_; j++) {
            uint64_t bits;
            memcpy(&bits, &values[i + j], sizeof bits);
            odd[j] |= bits - 0x0010000000000000u >= 0x7fe0000000000000u;
            const uint64_t up = (bits + 0x00095f619980c433u) & 0xfff0000000000000u;
            exponent[j] += (int64_t)(up >> 52);
            bits -= up - 0x3ff0000000000000u;
            double mantissa;
            memcpy(&mantissa, &bits, sizeof mantissa);
            product[j] *= mantissa;
        }
    }
    double left = 0.0;
    for (long i = even; i < count; i++) {
        left += log(values[i]);
    }
    double whole = 1.0;
    int64_t power = -1023 * (int64_t)even;
    uint64_t any = 0;
    for (long j = 0; j < LANES_; j++) {
        whole *= product[j];
        power += exponent[j];
        any |= odd[j];
    }
    if (!any) {
        return log(whole) + (double)power * 0.6931471805599453 + left;
    }
    double logs[BLOCK_];
    for (long i = 0; i < count; i++) {
        logs[i] = log(values[i]);
    }
    return sum_(logs, weights, count);
}"""

_LOG1P = """\
/* The sum of log(1 + r) over a block: the sum of log(s) with s = 1 + r rounded, and what that
   rounded away.  Where the logarithms are small that is not exact enough, and each is taken. */
static double sum_log1p_(double *values, const double *weights, long count) {
    double whole[BLOCK_], away[BLOCK_];
    if (weights == NULL) {
        for (long i = 0; i < count; i++) {
            whole[i] = 1.0 + values[i];
            away[i] = (values[i] - (whole[i] - 1.0)) / whole[i];
        }
        const double total = sum_log_(whole, NULL, count);
        if (fabs(total) > 0.02 * (double)count && isfinite(total)) {
            return total + sum_(away, NULL, count);
        }
    }
    for (long i = 0; i < count; i++) {
        whole[i] = log1p(values[i]);
    }
    return sum_(whole, weights, count);
}"""


_LOG_GAP = """\
/* The sum of d - log(1 + d): from two sums where the d are spread, else one by one. */
static double sum_log_gap_(double *values, const double *weights, long count) {
    double terms[BLOCK_];
    if (weights == NULL) {
        for (long i = 0; i < count; i++) {
            terms[i] = values[i] * values[i];
        }
        if (sum_(terms, NULL, count) > 0.1 * (double)count) {
            return sum_(values, NULL, count) - sum_log1p_(values, NULL, count);
        }
    }
    for (long i = 0; i < count; i++) {
        terms[i] = log_gap_(values[i]);
    }
    return sum_(terms, weights, count);
}"""


def sums_for(text: str) -> list[str]:
    """The functions that a text calls, each before it is called."""
    found = [_BASE]
    gap = "sum_log_gap_(" in text
    if gap or "sum_log_(" in text or "sum_log1p_(" in text:
        found.append(_LOG)
    if gap or "sum_log1p_(" in text:
        found.append(_LOG1P)
    if gap:
        found += ["static double log_gap_(double d);", _LOG_GAP]
    return found
