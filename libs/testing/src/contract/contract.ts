/** One promise of a contract; `check` rejects when the subject breaks it. */
export interface ContractClause<Subject> {
  /** An outcome, as the name of a test. */
  readonly title: string;
  check(subject: Subject): Promise<void>;
}

/** What is set free after a clause was checked. */
export interface ContractSubject {
  close?(): void | Promise<void>;
}

interface TestRunner {
  readonly describe?: (name: string, body: () => void) => void;
  readonly it?: (name: string, body: () => Promise<void>) => void;
}

/**
 * Declares one test per clause, each with a subject of its own, in whatever runner has put `describe` and `it` into the
 * global scope: Jest, Mocha, Jasmine, Vitest with `globals: true`.
 */
export function describeContract<Subject extends ContractSubject>(
  name: string,
  clauses: readonly ContractClause<Subject>[],
  makeSubject: () => Subject | Promise<Subject>,
): void {
  const { describe, it } = globalThis as TestRunner;
  if (describe === undefined || it === undefined) {
    throw new Error(
      'A contract needs the globals `describe` and `it`. Run it in Jest, Mocha, Jasmine, or Vitest with `globals: true`.',
    );
  }
  describe(name, () => {
    for (const clause of clauses) it(clause.title, () => checkClause(clause, makeSubject));
  });
}

/** Checks one clause against a subject made for it. */
export async function checkClause<Subject extends ContractSubject>(
  clause: ContractClause<Subject>,
  makeSubject: () => Subject | Promise<Subject>,
): Promise<void> {
  const subject = await makeSubject();
  try {
    await clause.check(subject);
  } finally {
    await subject.close?.();
  }
}
