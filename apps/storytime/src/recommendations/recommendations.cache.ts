import { CacheEvict } from '@nest-strata/cache';

/** The tag of everything that was computed for somebody's next stories. */
export const RECOMMENDATIONS = 'recommendations';

/** For methods after which another story may be the best: makes every recommendation be computed anew. */
export const EvictsRecommendations = CacheEvict({ tags: [RECOMMENDATIONS] });
