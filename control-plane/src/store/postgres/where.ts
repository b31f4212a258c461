/** Conditions of one query with their values, numbered as PostgreSQL wants them. */
export class Where {
  readonly values: unknown[] = [];
  readonly #conditions: string[] = [];

  /** `sql` has `?` where each value goes. */
  add(sql: string, ...values: readonly unknown[]): void {
    let next = 0;
    this.#conditions.push(sql.replaceAll('?', () => this.value(values[next++])));
  }

  /** `column = value`, where there is a value. */
  equal(column: string, value: unknown): void {
    if (value !== undefined) this.add(`${column} = ?`, value);
  }

  /** The placeholder of a further value. */
  value(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  get sql(): string {
    return this.#conditions.length === 0 ? 'true' : this.#conditions.join(' AND ');
  }
}
