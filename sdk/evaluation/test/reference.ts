/**
 * A second implementation of Keptn's rules, written from the prose of the design alone and in the plainest way that
 * works: one pass over JSON, no shared code, no types of the product. It is slow and proud of it; the property test asks whether
 * both say the same.
 */

type Json = Record<string, unknown>;

export interface ReferenceAnswer {
  status: string;
  result: string;
  message: string;
  evaluationResult: string;
  score: number;
  compared: string[];
  indicators: Json[];
}

export interface ReferenceInput {
  slo: Json;
  values: Json[];
  runs: { id: string; time: number; result: string; invalidated: boolean; indicators: Json[] | null }[];
  providerResult: string;
  providerMessage: string;
}

export function referenceAnswer(input: ReferenceInput): ReferenceAnswer {
  const slo = input.slo;
  const objectives = ((slo.objectives ?? []) as (Json | null)[]).filter((o) => o !== null);
  const comparison = slo.comparison as Json | null | undefined;

  // 3.1: how many, which.
  let howMany = 1;
  let include = 'all';
  let aggregate = 'avg';
  if (comparison !== undefined && comparison !== null) {
    howMany = 3;
    const number = Math.trunc(Number(comparison.number_of_comparison_results ?? 0)) || 3;
    if (comparison.compare_with === 'single_result') howMany = 1;
    if (comparison.compare_with === 'several_results') howMany = number;
    include = String(comparison.include_result_with_score ?? 'all').toLowerCase();
    aggregate = String(comparison.aggregate_function ?? 'avg') || 'avg';
  }
  if (howMany < 1 || howMany > 100) return errored('could not retrieve previous evaluation.finished events');
  const chosen = [...input.runs]
    .sort((a, b) => b.time - a.time)
    .filter((r) => {
      if (r.invalidated) return false;
      if (include === 'pass') return r.result === 'pass';
      if (include === 'pass_or_warn') return r.result === 'pass' || r.result === 'warning';
      return true;
    })
    .filter((_, i) => i < howMany);
  const compared = chosen.map((r) => r.id);

  const pool = input.values.slice();
  const indicators: Json[] = [];
  let maximum = 0;
  let sum = 0;
  let keyMessage = '';
  for (const o of objectives) {
    const weight = Math.trunc(Number(o.weight ?? 0)) || 1;
    const passGroups = ((o.pass ?? []) as Json[]).map((g) => ((g.criteria ?? []) as unknown[]).map(String));
    const warnGroups = ((o.warning ?? []) as Json[]).map((g) => ((g.criteria ?? []) as unknown[]).map(String));
    const name = String(o.displayName ?? '');
    const key = o.key_sli === true;

    let value: Json | null = null;
    for (let i = 0; i < pool.length && value === null; i += 1) {
      const candidate = pool[i];
      if (candidate === undefined || candidate.metric !== o.sli) continue;
      value = candidate;
      pool[i] = pool[pool.length - 1] ?? {};
      pool.pop();
    }

    const earlier: number[] = [];
    for (const run of chosen) {
      for (const item of run.indicators ?? []) {
        if (item.metric === o.sli && item.success === true) earlier.push(Number(item.value));
      }
    }
    const a = combine(earlier, aggregate);

    const row: Json = { value, displayName: name, keySli: false, score: 0, status: 'info' };
    indicators.push(row);
    const notEvaluated = (groups: string[][]) => {
      const list: Json[] = [];
      for (const criteria of groups.flat()) {
        const c = read(criteria);
        if (c.error === '') list.push({ criteria, targetValue: c.relative ? (a ?? 0) : c.number, violated: true });
      }
      return list;
    };

    if (passGroups.length > 0) maximum += weight;
    if (passGroups.length === 0 || value === null || value.success !== true) {
      row.passTargets = notEvaluated(passGroups);
      row.warningTargets = notEvaluated(warnGroups);
      if (passGroups.length === 0) continue;
      row.status = 'fail';
      if (value === null) {
        value = {
          metric: o.sli,
          value: 0,
          comparedValue: 0,
          success: false,
          message: 'no value received from SLI provider',
        };
        row.value = value;
      }
      if (key) keyMessage = `Evaluation failed due to key_sli objective '${name}': ${value.message ?? ''}`;
      continue;
    }

    const record: Json = { ...value };
    const v = Number(value.value);
    const run = (groups: string[][]): { error: string; met: boolean; targets: Json[] } => {
      const targets: Json[] = [];
      let met = false;
      for (const group of groups) {
        let good = 0;
        for (const criteria of group) {
          const c = read(criteria);
          if (c.error !== '') return { error: c.error, met: false, targets: [] };
          record.comparedValue = a ?? 0;
          let target = c.number;
          let ok = true;
          if (c.relative && a === null) target = 0;
          else {
            if (c.relative && c.percent) target = ((a ?? 0) * (c.up ? 100 + c.number : 100 - c.number)) / 100;
            else if (c.relative) target = c.up ? (a ?? 0) + c.number : (a ?? 0) - c.number;
            ok =
              { '<': v < target, '<=': v <= target, '=': v === target, '>=': v >= target, '>': v > target }[c.op] ??
              false;
          }
          targets.push({ criteria, targetValue: target, violated: !ok });
          if (ok) good += 1;
        }
        if (good === group.length) met = true;
      }
      return { error: '', met, targets };
    };
    const passed = run(passGroups);
    if (passed.error !== '') {
      return { ...errored(`error with ${name === '' ? o.sli : name}: ${passed.error}`), status: 'succeeded', compared };
    }
    const warned = run(warnGroups);
    row.value = record;
    row.keySli = key;
    row.passTargets = passed.targets;
    row.warningTargets = warned.targets;
    row.status = passed.met ? 'pass' : warned.met ? 'warning' : 'fail';
    row.score = passed.met ? weight : warned.met ? weight * 0.5 : 0;
    if (passed.targets.length > 0) sum += Number(row.score);
    if (key && row.status === 'fail') {
      keyMessage = `Evaluation failed due to key_sli objective '${name}': failed evaluation with score 0.000000`;
    }
  }
  if (objectives.length === 0) maximum = 100;

  // 4.2
  const total = slo.total_score as Json | null | undefined;
  const passText = String(total?.pass ?? '');
  const warnText = String(total?.warning ?? '');
  if (total === undefined || total === null || passText === '') return errored('no target score defined');
  const passTarget = goNumber(passText.replace(/%$/, ''));
  if (passTarget === null) return errored('could not parse pass target percentage');
  const warnTarget = warnText === '' ? null : goNumber(warnText.replace(/%$/, ''));
  if (warnText !== '' && warnTarget === null) return errored('could not parse warning target percentage');

  let message = '';
  if (pool.length > 0) {
    const names = pool.map((p) => p.metric).join(', ');
    message = `Lighthouse received additional SLIs, which are not specified as SLO: ${names} . Please consider using them as an SLO.`;
  }
  let score = 100;
  let result = 'pass';
  if (maximum !== 0) {
    score = 100 * (sum / maximum);
    const words = `the calculated score of ${say(score)}`;
    if (keyMessage !== '') {
      result = 'fail';
      message = keyMessage;
    } else if (score >= passTarget) {
      result = 'pass';
    } else if (warnTarget === null) {
      result = 'fail';
      message = `Evaluation failed since ${words} is below the target value of ${say(passTarget)}`;
    } else if (score >= warnTarget) {
      result = 'warning';
      message = `Evaluation returned a warning: ${words} is close to the warning target value of ${say(warnTarget)}`;
    } else {
      result = 'fail';
      message = `Evaluation failed since ${words} is below the warning value of ${say(warnTarget)}`;
    }
  }
  const answer = { status: 'succeeded', result, message, evaluationResult: result, score, compared, indicators };
  if (objectives.length === 0) {
    return { ...answer, result: 'fail', message: 'lighthouse failed because no SLO objective was provided' };
  }
  if (input.providerResult === 'fail') {
    return {
      ...answer,
      result: 'fail',
      message: `lighthouse failed because SLI failed with message ${input.providerMessage}`,
    };
  }
  return answer;
}

function errored(message: string): ReferenceAnswer {
  return {
    status: 'errored',
    result: 'fail',
    message,
    evaluationResult: 'fail',
    score: 0,
    compared: [],
    indicators: [],
  };
}

/** 2.1 and 2.2 in one regular expression; the number is everything after the first sign. */
function read(criteria: string): {
  error: string;
  op: string;
  number: number;
  relative: boolean;
  percent: boolean;
  up: boolean;
} {
  const none = { op: '', number: 0, relative: false, percent: false, up: false };
  const text = criteria.split(' ').join('');
  if (!'<=>|'.includes(text.charAt(0)) || text === '') return { ...none, error: 'invalid criteria string' };
  const match = /^(<=|<|=|>=|>)([+-]?)([\s\S]*?)(%?)$/.exec(text);
  const number = match === null ? null : goNumber(match[3] ?? '');
  // Stance: thresholds that are not finite are refused.
  if (match === null || number === null || !Number.isFinite(number)) {
    return { ...none, error: 'could not parse criteria target value' };
  }
  const percent = match[4] === '%';
  const sign = match[2] ?? '';
  return {
    error: '',
    op: match[1] ?? '',
    number,
    relative: percent || sign !== '',
    percent,
    up: sign === '+' || (percent && sign === ''),
  };
}

function goNumber(text: string): number | null {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  if (text.startsWith('_') || text.endsWith('_') || text.includes('__')) return null;
  const hex = /^([+-]?)0x_?([0-9a-f_]*)(\.([0-9a-f_]*))?p([+-]?\d+)$/i.exec(text);
  if (hex !== null) {
    if (/(^|[^0-9a-f])_|_($|[^0-9a-f])/i.test(text.replace(/0x_/i, '0x'))) return null;
    const digits = `${hex[2]}${hex[4] ?? ''}`.replaceAll('_', '');
    if (digits === '') return null;
    let number = 0;
    for (const digit of digits) number = number * 16 + Number.parseInt(digit, 16);
    number *= 2 ** (Number(hex[5]) - 4 * (hex[4] ?? '').replaceAll('_', '').length);
    return Number.isFinite(number) ? (hex[1] === '-' ? -number : number) : null;
  }
  if (/(^|\D)_|_(\D|$)/.test(text)) return null;
  const plain = text.replaceAll('_', '');
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return null;
  const number = Number(plain);
  return Number.isFinite(number) ? number : null;
}

/** 3.2 */
function combine(values: number[], how: string): number | null {
  const n = values.length;
  if (n === 0) return null;
  if (how === 'avg') {
    let total = 0;
    for (const value of values) total += value;
    return total / n;
  }
  const q = { p50: 0.5, p90: 0.9, p95: 0.95 }[how];
  if (q === undefined) return 0;
  const v = [...values].sort((a, b) => a - b);
  const pos = q * (n + 1);
  if (pos < 1) return v[0] ?? 0;
  if (pos >= n) return v[n - 1] ?? 0;
  const k = Math.trunc(pos);
  const low = v[k - 1] ?? 0;
  return low + (pos - Math.floor(pos)) * ((v[k] ?? 0) - low);
}

function say(n: number): string {
  return n === Infinity ? '+Inf' : n === -Infinity ? '-Inf' : `${n}`;
}
