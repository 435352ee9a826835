import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateTables1767225600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE hero (
        id text PRIMARY KEY,
        name text NOT NULL,
        language text NOT NULL CHECK (language IN ('en', 'de', 'fr', 'es')),
        traits text[] NOT NULL,
        description text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE INDEX hero_language ON hero (language)`);
    await runner.query(`CREATE INDEX hero_name ON hero (name)`);

    await runner.query(`
      CREATE TABLE child (
        id text PRIMARY KEY,
        name text NOT NULL,
        age integer NOT NULL CHECK (age BETWEEN 0 AND 17),
        gender text NOT NULL CHECK (gender IN ('girl', 'boy', 'other')),
        interests text[] NOT NULL,
        birthday date,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE INDEX child_name_age_gender ON child (name, age, gender)`);
    await runner.query(`CREATE INDEX child_interests ON child USING gin (interests)`);

    await runner.query(`
      CREATE TABLE story (
        id text PRIMARY KEY,
        title text NOT NULL,
        body text NOT NULL,
        language text NOT NULL CHECK (language IN ('en', 'de', 'fr', 'es')),
        length text NOT NULL CHECK (length IN ('short', 'medium', 'long')),
        rating integer CHECK (rating BETWEEN 1 AND 5),
        audio_files jsonb NOT NULL,
        child_id text NOT NULL REFERENCES child (id) ON DELETE RESTRICT,
        hero_ids text[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE INDEX story_child ON story (child_id)`);
    await runner.query(`CREATE INDEX story_language ON story (language)`);
    await runner.query(`CREATE INDEX story_heroes ON story USING gin (hero_ids)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE story, child, hero`);
  }
}
