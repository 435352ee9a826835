import type { EntityManager } from 'typeorm';
import type { Recommendation } from './recommendation.js';

interface RankedRow {
  readonly id: string;
  readonly title: string;
  readonly rating: number | null;
  readonly interests: string[];
  readonly heroes: string[];
}

/** What a story without a rating counts as. */
const UNRATED_STARS = 3;

/**
 * Every story of other children, the best match first. It reads the full text of each against each interest of the
 * child, by the grammar of the story's language ("foxes" finds "fox"), with no index to help: costly on purpose.
 */
export async function rankStories(database: EntityManager, childId: string): Promise<Recommendation[]> {
  const rows = await database.query<RankedRow[]>(RANKING, [childId]);
  return rows
    .map(({ id, title, rating, interests, heroes }) => ({
      storyId: id,
      title,
      score: 2 * interests.length + heroes.length + (rating ?? UNRATED_STARS) / 5,
      interests,
      heroIds: heroes,
    }))
    .sort((one, other) => other.score - one.score || one.storyId.localeCompare(other.storyId));
}

const RANKING = `
  SELECT story.id, story.title, story.rating,
    ARRAY(
      SELECT interest FROM unnest(child.interests) AS interest
      WHERE to_tsvector(grammar, story.title || ' ' || story.body) @@ phraseto_tsquery(grammar, interest)
    ) AS interests,
    ARRAY(
      SELECT hero_id FROM unnest(story.hero_ids) AS hero_id
      WHERE EXISTS (SELECT FROM story told WHERE told.child_id = child.id AND hero_id = ANY (told.hero_ids))
    ) AS heroes
  FROM child
  JOIN story ON story.child_id <> child.id
  CROSS JOIN LATERAL (
    SELECT (CASE story.language
      WHEN 'de' THEN 'german' WHEN 'fr' THEN 'french' WHEN 'es' THEN 'spanish' ELSE 'english'
    END)::regconfig AS grammar
  ) AS language
  WHERE child.id = $1`;
