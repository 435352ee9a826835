/** How many times as much random work as usual is to be done: 1, or what `STRATA_CONSISTENCY_SCALE` says. */
export const SCALE = Number(process.env['STRATA_CONSISTENCY_SCALE'] ?? '1');
