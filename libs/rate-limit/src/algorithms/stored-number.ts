/** What grows by penalties stops here, so that sums stay exact. */
export const MAX_AMOUNT = 2 ** 52;

/** The farthest that a limit can look ahead, about 2.2 years: Redis keeps times modulo 2^48 µs. */
export const MAX_SPAN_US = 2 ** 46;
