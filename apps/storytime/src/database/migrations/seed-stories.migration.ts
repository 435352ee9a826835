import type { MigrationInterface, QueryRunner } from 'typeorm';
import { seedChildren } from '../seed/seed-children.js';
import { seedHeroes } from '../seed/seed-heroes.js';
import { seedStories } from '../seed/seed-stories.js';

/** Seeds as a migration: it runs once, so a row that somebody deletes does not come back with the next start. */
export class SeedStories1767225600001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const { id, name, language, traits, description } of seedHeroes) {
      await runner.query('INSERT INTO hero (id, name, language, traits, description) VALUES ($1, $2, $3, $4, $5)', [
        id,
        name,
        language,
        traits,
        description,
      ]);
    }
    for (const { id, name, age, gender, interests, birthday } of seedChildren) {
      await runner.query(
        'INSERT INTO child (id, name, age, gender, interests, birthday) VALUES ($1, $2, $3, $4, $5, $6)',
        [id, name, age, gender, interests, birthday],
      );
    }
    for (const { id, title, body, language, length, rating, childId, heroIds } of seedStories) {
      const audioFiles = [
        { url: `https://storytime.example/audio/${id}.mp3`, format: 'mp3', durationSeconds: body.length / 4 },
      ];
      await runner.query(
        `INSERT INTO story (id, title, body, language, length, rating, audio_files, child_id, hero_ids)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [id, title, body, language, length, rating, JSON.stringify(audioFiles), childId, heroIds],
      );
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DELETE FROM story WHERE id = ANY ($1)', [seedStories.map((story) => story.id)]);
    await runner.query('DELETE FROM child WHERE id = ANY ($1)', [seedChildren.map((child) => child.id)]);
    await runner.query('DELETE FROM hero WHERE id = ANY ($1)', [seedHeroes.map((hero) => hero.id)]);
  }
}
