import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RunningStorytime } from './running-storytime.js';

interface Named {
  id: string;
  name: string;
}

/** What the API promises, whatever database and cache stand behind it. */
export function describeApi(start: () => Promise<RunningStorytime>): void {
  let api: RunningStorytime;

  beforeAll(async () => {
    api = await start();
  }, 60_000);

  afterAll(() => api.stop());

  const idsOf = async (path: string): Promise<string[]> => {
    const { body } = await api.get(path);
    return (body as Named[]).map(({ id }) => id);
  };

  describe('heroes', () => {
    it('are listed by name, all of them or those that the filters let through', async () => {
      expect(await idsOf('/heroes')).toEqual(
        expect.arrayContaining(['bruno', 'captain-rust', 'frieda', 'luna', 'margot', 'pip', 'tomas', 'zephyr']),
      );
      expect(await idsOf('/heroes?language=fr')).toEqual(['margot', 'zephyr']);
      expect(await idsOf('/heroes?name=Luna')).toEqual(['luna']);
      expect(await idsOf('/heroes?name=Luna&language=de')).toEqual([]);
    });

    it('are created, changed, replaced and deleted, and each next read shows it', async () => {
      const created = await api.post('/heroes', { name: 'Otto', language: 'de' });
      expect(created.body).toEqual({
        id: expect.any(String),
        name: 'Otto',
        language: 'de',
        traits: [],
        description: '',
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      });
      const path = `/heroes/${(created.body as Named).id}`;
      expect((await api.get(path)).body).toEqual(created.body);
      expect(await idsOf('/heroes?language=de')).toContain((created.body as Named).id);

      const changed = await api.patch(path, { language: 'es', traits: ['sleepy'] });
      expect(changed.body).toEqual({ ...(created.body as object), language: 'es', traits: ['sleepy'] });
      expect((await api.get(path)).body).toEqual(changed.body);
      expect(await idsOf('/heroes?language=de')).not.toContain((created.body as Named).id);
      expect(await idsOf('/heroes?language=es')).toContain((created.body as Named).id);

      const replaced = await api.put(path, { name: 'Ottilie', language: 'es' });
      expect(replaced.body).toEqual({ ...(created.body as object), name: 'Ottilie', language: 'es', traits: [] });
      expect(await idsOf('/heroes?name=Otto')).toEqual([]);

      await api.delete(path);
      await api.get(path, 404);
      expect(await idsOf('/heroes?language=es')).not.toContain((created.body as Named).id);
      expect(await idsOf('/heroes')).not.toContain((created.body as Named).id);
    });

    it('are in the lists of their language and no other after many writes at once, with reads in between', async () => {
      const { id } = (await api.post('/heroes', { name: 'Vagabond', language: 'en' })).body as Named;
      const languages = ['en', 'de', 'fr', 'es'];
      for (let round = 0; round < 5; round++) {
        await Promise.all(
          languages.flatMap((language) => [
            api.patch(`/heroes/${id}`, { language }),
            idsOf(`/heroes?language=${language}`),
            api.get(`/heroes/${id}`),
          ]),
        );
        const { language: settled } = (await api.get(`/heroes/${id}`)).body as { language: string };
        for (const language of languages) {
          expect((await idsOf(`/heroes?language=${language}`)).includes(id)).toBe(language === settled);
        }
      }
      await api.delete(`/heroes/${id}`);
    });

    it('show their new name in the stories about them, and leave these when they are deleted', async () => {
      const hero = (await api.post('/heroes', { name: 'Nib', language: 'en' })).body as Named;
      const story = await api.post('/stories', {
        title: 'Nib',
        body: 'Nib slept.',
        language: 'en',
        childId: 'ada',
        heroIds: ['luna', hero.id],
      });
      const path = `/stories/${(story.body as Named).id}`;
      const cast = async () => ((await api.get(path)).body as { heroes: Named[] }).heroes;
      expect(await cast()).toEqual([
        { id: 'luna', name: 'Luna' },
        { id: hero.id, name: 'Nib' },
      ]);

      await api.patch(`/heroes/${hero.id}`, { name: 'Nibs' });
      expect(await cast()).toContainEqual({ id: hero.id, name: 'Nibs' });

      await api.delete(`/heroes/${hero.id}`);
      expect(await cast()).toEqual([{ id: 'luna', name: 'Luna' }]);
      await api.delete(path);
    });
  });

  describe('children', () => {
    it('are found by name, by exact name, age and gender, and by interest', async () => {
      expect(await idsOf('/children?name=Ben')).toEqual(['ben', 'ben-k']);
      expect(await idsOf('/children?name=Ben&age=7&gender=boy')).toEqual(['ben-k']);
      expect(await idsOf('/children?name=Ben&age=7&gender=girl')).toEqual([]);
      expect(await idsOf('/children?interest=dragons')).toEqual(['ben-k', 'sol']);
      expect(await idsOf('/children?interest=dragons&age=8')).toEqual(['sol']);
      expect(await idsOf('/children?gender=other')).toEqual(['sol']);
      expect(await idsOf('/children?name=Ben&interest=robots')).toEqual(['ben']);
    });

    it('keep their birthday as the day it is', async () => {
      const first = await api.get('/children/ada');
      const second = await api.get('/children/ada');

      expect(first.body).toMatchObject({ name: 'Ada', age: 6, gender: 'girl', birthday: '2019-12-10' });
      expect(second.body).toEqual(first.body);
      expect((await api.get('/children/ben-k')).body).toMatchObject({ birthday: null });
    });

    it('are created, changed, replaced and deleted, and each next read shows it', async () => {
      const child = { name: 'Mina', age: 5, gender: 'girl', interests: ['whales'], birthday: '2020-02-29' };
      const created = await api.post('/children', child);
      expect(created.body).toMatchObject(child);
      const { id } = created.body as Named;
      expect(await idsOf('/children?interest=whales')).toEqual([id]);
      expect(await idsOf('/children?name=Mina&age=5&gender=girl')).toEqual([id]);

      const changed = await api.patch(`/children/${id}`, { age: 6, interests: ['trains'] });
      expect(changed.body).toMatchObject({ ...child, age: 6, interests: ['trains'] });
      expect(await idsOf('/children?interest=whales')).toEqual([]);
      expect(await idsOf('/children?interest=trains')).toEqual([id]);
      expect(await idsOf('/children?name=Mina&age=5&gender=girl')).toEqual([]);
      expect(await idsOf('/children?name=Mina&age=6&gender=girl')).toEqual([id]);

      const cleared = await api.patch(`/children/${id}`, { birthday: null });
      expect(cleared.body).toEqual({ ...(changed.body as object), birthday: null });

      await api.put(`/children/${id}`, { name: 'Mina', age: 6, gender: 'girl' });
      expect((await api.get(`/children/${id}`)).body).toMatchObject({ interests: [], birthday: null });

      await api.delete(`/children/${id}`);
      await api.get(`/children/${id}`, 404);
      expect(await idsOf('/children?name=Mina')).toEqual([]);
    });

    it('take their stories with them when they are deleted', async () => {
      const child = (await api.post('/children', { name: 'Kit', age: 3, gender: 'boy' })).body as Named;
      const story = await api.post('/stories', { title: 'Kit', body: 'Kit slept.', language: 'en', childId: child.id });
      expect(await idsOf(`/stories?childId=${child.id}`)).toEqual([(story.body as Named).id]);

      await api.delete(`/children/${child.id}`);

      await api.get(`/stories/${(story.body as Named).id}`, 404);
      expect(await idsOf(`/stories?childId=${child.id}`)).toEqual([]);
    });
  });

  describe('stories', () => {
    const tale = {
      title: 'The Whale Who Whispered',
      body: 'Far out, where the sea is widest, lived a whale who never raised her voice.',
      language: 'en',
      length: 'long',
      rating: 4,
      childId: 'ada',
      heroIds: ['pip', 'luna'],
      audioFiles: [{ url: 'https://storytime.example/whale.ogg', format: 'ogg', durationSeconds: 65 }],
    };

    it('are found by child and by language', async () => {
      expect(await idsOf('/stories?childId=ada')).toEqual(['half-a-walnut', 'the-jar-of-moonlight']);
      expect(await idsOf('/stories?language=de')).toEqual([
        'der-baer-der-nicht-schlief',
        'die-eule-mit-der-posttasche',
      ]);
      expect(await idsOf('/stories?childId=sol&language=es')).toEqual(['el-dragon-y-la-guitarra']);
      expect((await idsOf('/stories')).length).toBeGreaterThanOrEqual(12);
    });

    it('come back with their enums, dates and value objects, the first time and from the cache', async () => {
      const created = await api.post('/stories', tale);
      const path = `/stories/${(created.body as Named).id}`;
      const shown = {
        id: (created.body as Named).id,
        title: tale.title,
        body: tale.body,
        language: 'en',
        length: 'long',
        rating: 4,
        favourite: true,
        child: { id: 'ada', name: 'Ada' },
        heroes: [
          { id: 'pip', name: 'Pip' },
          { id: 'luna', name: 'Luna' },
        ],
        audioFiles: [
          { url: 'https://storytime.example/whale.ogg', format: 'ogg', durationSeconds: 65, duration: '1:05' },
        ],
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      };
      expect(created.body).toEqual(shown);
      expect((await api.get(path)).body).toEqual(shown);
      expect((await api.get(path)).body).toEqual(shown);
      expect((await api.get('/stories?childId=ada')).body).toContainEqual(shown);
      expect((await api.get('/stories?childId=ada')).body).toContainEqual(shown);

      await api.delete(path);
      await api.get(path, 404);
      expect(await idsOf('/stories?childId=ada')).toEqual(['half-a-walnut', 'the-jar-of-moonlight']);
    });

    it('are changed and replaced, and each next read shows it', async () => {
      const { id } = (await api.post('/stories', tale)).body as Named;
      await api.get(`/stories/${id}`);

      await api.patch(`/stories/${id}`, { rating: 2, language: 'de', childId: 'emil' });
      expect((await api.get(`/stories/${id}`)).body).toMatchObject({
        rating: 2,
        favourite: false,
        language: 'de',
        child: { id: 'emil', name: 'Emil' },
        length: 'long',
      });
      expect(await idsOf('/stories?childId=ada')).not.toContain(id);
      expect(await idsOf('/stories?childId=emil')).toContain(id);
      expect(await idsOf('/stories?language=de')).toContain(id);

      await api.patch(`/stories/${id}`, { rating: null, audioFiles: [] });
      expect((await api.get(`/stories/${id}`)).body).toMatchObject({ rating: null, audioFiles: [] });

      await api.put(`/stories/${id}`, { title: 'T', body: 'B', language: 'fr', childId: 'chloe' });
      expect((await api.get(`/stories/${id}`)).body).toMatchObject({
        title: 'T',
        length: 'medium',
        rating: null,
        heroes: [],
      });
      await api.delete(`/stories/${id}`);
    });

    it('are refused when they name a child or a hero that does not exist', async () => {
      const { body } = await api.post('/stories', { ...tale, childId: 'nobody', heroIds: ['luna', 'no-one'] }, 400);

      expect(body).toMatchObject({
        errors: ['childId names no child: "nobody"', 'heroIds names no hero: "no-one"'],
      });
    });
  });

  describe('recommendations', () => {
    const recommended = async (childId: string) => (await api.get(`/children/${childId}/recommendations`)).body;

    it('are the stories of other children that match best, with the reasons', async () => {
      const [best, ...rest] = (await recommended('ada')) as { storyId: string; score: number }[];

      expect(best).toEqual({
        storyId: 'the-star-that-was-late',
        title: 'The Star That Was Late',
        score: 5.8,
        interests: ['stars', 'foxes'],
        heroIds: ['luna'],
      });
      expect(rest.map(({ storyId }) => storyId)).not.toContain('half-a-walnut');
      expect(rest).toHaveLength(4);
    });

    it('change with the next write that concerns them', async () => {
      const tale = { title: 'Whistle', body: 'A boat full of foxes under the stars.', language: 'en', childId: 'ben' };
      const before = await recommended('ada');
      const { id } = (await api.post('/stories', { ...tale, rating: 5, heroIds: ['luna', 'pip'] })).body as Named;
      const [first] = (await recommended('ada')) as { storyId: string }[];
      expect(first).toEqual({
        storyId: id,
        title: 'Whistle',
        score: 9,
        interests: ['stars', 'foxes', 'boats'],
        heroIds: ['luna', 'pip'],
      });

      await api.patch(`/stories/${id}`, { rating: 1 });
      expect(await recommended('ada')).toContainEqual(expect.objectContaining({ storyId: id, score: 8.2 }));

      await api.patch('/children/ada', { interests: ['stars', 'foxes'] });
      expect(await recommended('ada')).toContainEqual(expect.objectContaining({ storyId: id, score: 6.2 }));

      await api.patch('/children/ada', { interests: ['stars', 'foxes', 'boats'] });
      await api.delete(`/stories/${id}`);
      expect(await recommended('ada')).toEqual(before);
    });

    it('are not made for a child that does not exist', async () => {
      expect((await api.get('/children/nobody/recommendations', 404)).body).toMatchObject({
        detail: 'There is no child "nobody".',
      });
    });
  });

  describe('bad input', () => {
    it.each(['/heroes', '/children', '/stories'])('gets a 404 problem for an unknown id under %s', async (resource) => {
      const kind = { '/heroes': 'hero', '/children': 'child', '/stories': 'story' }[resource];
      const problem = { title: 'Not Found', status: 404, detail: `There is no ${kind ?? ''} "nobody".` };

      const read = await api.get(`${resource}/nobody`, 404);
      expect(read.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(read.body).toEqual(problem);
      expect((await api.patch(`${resource}/nobody`, {}, 404)).body).toEqual(problem);
      expect((await api.delete(`${resource}/nobody`, 404)).body).toEqual(problem);
    });

    it('gets one complaint for each wrong field', async () => {
      const { body } = await api.post(
        '/children',
        { name: '', age: 18, gender: 'x', interests: 'ponies', birthday: '2019-02-30', id: 'mine' },
        400,
      );

      expect((body as { errors: string[] }).errors).toEqual([
        'property id should not exist',
        'name must be a text of 1 to 80 characters',
        'age must not be greater than 17',
        'gender must be one of the following values: girl, boy, other',
        'interests must be an array',
        'birthday must be a day from 1900-01-01 to today, written like 2019-12-10',
      ]);
    });

    it.each([
      ['/heroes', { name: null }, /^name must be a text/],
      ['/heroes', { description: 'a\0b' }, /^description must be a text/],
      ['/children', { age: null }, /age must be an integer/],
      ['/children', { birthday: '0000-01-01' }, /^birthday must be a day/],
      ['/stories', { rating: 6 }, /^rating must not be greater than 5/],
      ['/stories', { rating: 3.5 }, /^rating must be an integer/],
      [
        '/stories',
        { audioFiles: [{ url: 'javascript:alert(1)', format: 'mp3', durationSeconds: 1 }] },
        /url must be a URL/,
      ],
      ['/stories', { audioFiles: null }, /audioFiles must be an array/],
    ])('of %s %j is refused', async (resource, change, complaint) => {
      const id = { '/heroes': 'luna', '/children': 'ada' }[resource] ?? 'half-a-walnut';
      const { body } = await api.patch(`${resource}/${id}`, change, 400);
      expect((body as { detail: string }).detail).toMatch(complaint);
    });

    it.each([
      '/heroes?language=xx',
      '/heroes?language=',
      '/heroes?color=red',
      '/heroes?name=a&name=b',
      '/heroes?name=%00',
      '/children?age=',
      '/children?age=six',
      '/children?age=99999999999',
      '/stories?childId=',
    ])('%s is refused', async (path) => {
      const { body } = await api.get(path, 400);
      expect(body).toMatchObject({ title: 'Bad Request', status: 400 });
    });

    it.each([
      ['/heroes/%00', 404],
      [`/heroes/${'x'.repeat(101)}`, 404],
      ['/heroes/%E0%A4%A', 400],
    ])('%s is answered with %d', async (path, status) => {
      expect((await api.get(path, status)).body).toMatchObject({ status });
    });

    it('that is no JSON, or too much of it, gets a problem', async () => {
      const broken = await api.post('/heroes', '{"name":', 400);
      const large = await api.post('/heroes', { name: 'x'.repeat(200_000) }, 413);

      expect(broken.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(large.body).toMatchObject({ title: 'Payload Too Large', status: 413 });
    });
  });

  describe('the service', () => {
    it('reports its health', async () => {
      const { body } = await api.get('/health');
      expect(body).toMatchObject({ status: 'ok', details: { database: { status: 'up' } } });
    });

    it('documents its API, also for whoever opens its bare address', async () => {
      expect((await api.get('/', 302)).headers['location']).toBe('docs');
      const page = await api.get('/docs');
      expect(page.text).toContain('Storytime');
      const { body } = await api.get('/docs-json');
      expect(body).toMatchObject({
        components: { schemas: { CreateHeroDto: { required: ['name', 'language'] }, StoryView: {}, Problem: {} } },
      });
      expect(Object.keys((body as { paths: object }).paths)).toEqual(
        expect.arrayContaining(['/heroes', '/heroes/{id}', '/children', '/stories', '/health']),
      );
    });

    it('sends the headers of helmet, which let /docs load its scripts over plain HTTP', async () => {
      const { headers } = await api.get('/docs');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['x-powered-by']).toBeUndefined();
      expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
    });
  });
}
