import { describe, expect, it } from '@jest/globals';
import { copyValue } from './copy-value.js';
import { TypeRegistrationError } from './type-registration.error.js';
import { defaultTypes, registerType, TypeRegistry } from './type-registry.js';

class Hero {
  constructor(readonly name: string) {}
}

describe('TypeRegistry', () => {
  it('knows the instances of a registered class, by the name of the class', () => {
    const types = new TypeRegistry().register(Hero);
    expect(types.ofInstance(new Hero('Mia'))).toBe(types.ofName('Hero'));
    expect(types.ofInstance(new (class extends Hero {})('Mia'))).toBeUndefined();
    expect(types.ofInstance({ name: 'Mia' })).toBeUndefined();
    expect(types.ofName('Child')).toBeUndefined();
  });

  it('replaces the options of a class that is registered again', () => {
    const types = new TypeRegistry().register(Hero).register(Hero, { name: 'hero/1' });
    expect(types.ofName('Hero')).toBeUndefined();
    expect(types.ofInstance(new Hero('Mia'))?.name).toBe('hero/1');
  });

  it('registers abstract classes', () => {
    abstract class Shape {
      constructor(readonly area: number) {}
    }
    expect(new TypeRegistry().register(Shape).ofName('Shape')).toBeDefined();
  });

  it('keeps the fields of an instance, not what its class inherits or hides', () => {
    class Counter {
      #hidden = 1;
      visible = 2;
      get both(): number {
        return this.#hidden + this.visible;
      }
    }
    const types = new TypeRegistry().register(Counter);
    expect(types.ofName('Counter')?.serialize(new Counter())).toEqual({ visible: 2 });
  });

  it('takes a class that extends a built-in one together with its functions', () => {
    class NotFoundError extends Error {
      constructor(readonly id: number) {
        super(`There is no hero ${String(id)}`);
      }
    }
    const types = new TypeRegistry().register(NotFoundError, {
      serialize: ({ id }) => id,
      deserialize: (id) => new NotFoundError(id),
    });
    const copy = copyValue(new NotFoundError(7), types);
    expect(copy).toBeInstanceOf(NotFoundError);
    expect(copy.message).toBe('There is no hero 7');
  });

  it('takes a class that extends another class by its fields', () => {
    class Pirate extends Hero {
      ship = 'Pearl';
    }
    const types = new TypeRegistry().register(Pirate);
    expect(copyValue(new Pirate('Jack'), types)).toStrictEqual(new Pirate('Jack'));
  });

  describe('refuses', () => {
    it.each([
      [
        'two classes of one name',
        () => new TypeRegistry().register(Hero).register(class Hero {}),
        'another class is registered as "Hero". Give one of them another name',
      ],
      [
        'a class without a name',
        () => new TypeRegistry().register(class {}),
        "it has no name. Give one: { name: 'Hero' }.",
      ],
      ['an empty name', () => new TypeRegistry().register(Hero, { name: '' }), 'it has no name.'],
      [
        'serialize alone',
        () => new TypeRegistry().register(Hero, { serialize: ({ name }) => name }),
        'it has only one of `serialize` and `deserialize`. Give both, or neither.',
      ],
      [
        'deserialize alone',
        () => new TypeRegistry().register(Hero, { deserialize: () => new Hero('') }),
        'it has only one of',
      ],
      [
        'a bare subclass of Error',
        () => new TypeRegistry().register(class Oops extends TypeError {}),
        'it extends TypeError, whose contents are no fields. Give `serialize` and `deserialize`.',
      ],
      [
        'a bare subclass of Buffer',
        () => new TypeRegistry().register(class Bytes extends (Buffer as unknown as new () => object) {}),
        'it extends Buffer',
      ],
      ['a bare subclass of URL', () => new TypeRegistry().register(class Link extends URL {}), 'it extends URL'],
      [
        'an instance',
        () => new TypeRegistry().register(new Hero('Mia') as unknown as typeof Hero),
        'what was given is no class. Pass the class itself, such as Hero.',
      ],
      [
        'an arrow function',
        () => new TypeRegistry().register((() => 1) as unknown as typeof Hero),
        'what was given is no class.',
      ],
    ])('%s', (_, act, problem) => {
      expect(act).toThrow(TypeRegistrationError);
      expect(act).toThrow(problem);
    });
  });

  it('has a default for caches without a registry of their own', () => {
    class OnlyHere {
      a = 1;
    }
    registerType(OnlyHere, { name: 'type-registry.spec/OnlyHere' });
    expect(defaultTypes.ofName('type-registry.spec/OnlyHere')).toBeDefined();
    expect(copyValue(new OnlyHere())).toStrictEqual(new OnlyHere());
  });
});
