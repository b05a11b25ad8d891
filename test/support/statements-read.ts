import Database from 'better-sqlite3';

/** Every statement that `work` prepares on any database, in order. */
export function statementsOf(work: () => unknown): string[] {
  const seen: string[] = [];
  const { prepare } = Database.prototype;
  Database.prototype.prepare = function (this: Database.Database, sql: string) {
    seen.push(sql);
    return prepare.call(this, sql) as ReturnType<typeof prepare>;
  } as typeof prepare;
  try {
    work();
  } finally {
    Database.prototype.prepare = prepare;
  }
  return seen;
}

/**
 * What a statement reads of a table from one end to the other, by SQLite's own plan; empty when it finds all rows by an
 * index, or reads an index in order and stops at its limit.
 */
export function fullScansOf(database: Database.Database, sql: string): string[] {
  // Values that are not given change no plan here: every condition on a column is one of its own.
  const plan = database.prepare<[], PlanRow>(`EXPLAIN QUERY PLAN ${sql.replace(/@\w+|\?/g, "'1'")}`).all();
  const isBounded = ({ parent, detail }: PlanRow): boolean => {
    if (detail.includes('COVERING INDEX')) return sql.startsWith('SELECT count(*)');
    const sorts = plan.some((other) => other.parent === parent && other.detail.endsWith('FOR ORDER BY'));
    return detail.includes(' USING INDEX ') && /\bLIMIT\b/i.test(sql) && !sorts;
  };
  return plan
    .filter(({ detail }) => /^SCAN (?:run|step|step_attempt|checkpoint|event|sample|resource)\b/.test(detail))
    .filter((row) => !isBounded(row))
    .map(({ detail }) => detail);
}

interface PlanRow {
  readonly id: number;
  readonly parent: number;
  readonly detail: string;
}
