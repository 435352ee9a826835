import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

/**
 * Finds what optional packages have put into the application, by the name of its class.
 *
 * Importing the class to inject it would make the package compulsory; and where two copies of the package are installed,
 * it could be the wrong one of two.
 */
@Injectable()
export class OptionalPeers {
  constructor(private readonly modules: ModulesContainer) {}

  /** The first instance of a class of that name which `fits`; `undefined` when the application has none. */
  find<T extends object>(className: string, fits: (instance: object) => instance is T): T | undefined {
    for (const module of this.modules.values()) {
      for (const [token, { instance }] of module.providers) {
        if (typeof token !== 'function' || token.name !== className) continue;
        if (typeof instance === 'object' && instance !== null && fits(instance)) return instance;
      }
    }
    return undefined;
  }
}
