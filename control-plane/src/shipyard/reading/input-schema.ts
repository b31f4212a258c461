import type { Field, Reading } from './fields.ts';

export function checkInputSchema(_reading: Reading, _field: Field, _schema: Record<string, unknown>): void {}
