import { describe, expect, it } from '@jest/globals';
import { wrapMethod } from './wrap-method.js';

class Repository {
  readonly #secret = 'private';
  own = (id: number): string => `own ${id}`;

  find(id: number, _options?: object): string {
    return `${this.#secret} ${id}`;
  }
}

describe('wrapMethod', () => {
  it('answers the calls of one object, with its private fields within reach', () => {
    const [wrapped, other] = [new Repository(), new Repository()];
    wrapMethod(wrapped, 'find', ([id], proceed) => `cached ${String(id)}, else ${String(proceed())}`);

    expect(wrapped.find(1)).toBe('cached 1, else private 1');
    expect(other.find(1)).toBe('private 1');
  });

  it('lets the handler change the arguments', () => {
    const repository = new Repository();
    wrapMethod(repository, 'find', (_, proceed) => proceed([2]));

    expect(repository.find(1)).toBe('private 2');
  });

  it('keeps name, length and what else the method carries', () => {
    const find = (_id: number, _options: object): string => 'found';
    const repository = { find: Object.assign(find, { mark: 'here' }) };
    wrapMethod(repository, 'find', () => 'cached');

    expect(repository.find.name).toBe('find');
    expect(repository.find).toHaveLength(2);
    expect(repository.find.mark).toBe('here');
  });

  it('stays out of copies of the object', () => {
    const repository = new Repository();
    wrapMethod(repository, 'find', () => 'cached');

    expect(Object.assign(new Repository(), repository).find(1)).toBe('private 1');
  });

  it.each(['find', 'own'] as const)('can be undone: %s', (method) => {
    const repository = new Repository();
    const before = [repository[method](1), Object.getOwnPropertyNames(repository)];
    const undo = wrapMethod(repository, method, () => 'cached');
    expect(repository[method](1)).toBe('cached');
    undo();

    expect([repository[method](1), Object.getOwnPropertyNames(repository)]).toEqual(before);
  });

  it('throws for an object that does not let it', () => {
    expect(() => wrapMethod(Object.freeze(new Repository()), 'find', () => 'cached')).toThrow(TypeError);
  });
});
