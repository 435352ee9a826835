import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { OutboxTable } from './outbox-table.js';

describe('docs/outbox.md', () => {
  it('shows the table as it is created', async () => {
    const page = await readFile(new URL('../../../../docs/outbox.md', import.meta.url), 'utf8');

    expect(page).toContain(`\`\`\`sql\n${new OutboxTable('strata_outbox', 'shop').createTableSql}\n\`\`\``);
  });
});
