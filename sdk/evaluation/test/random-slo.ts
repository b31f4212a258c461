import fc from 'fast-check';

/** Random SLOs, values and histories as JSON, crowded around the rules' edges: few names, few numbers, many oddities. */

const name = fc.constantFrom('a', 'b', 'c', 'd', '');
const measured = fc.oneof(
  fc.integer({ min: -12, max: 12 }),
  fc.constantFrom(0, 0.1, 0.3, 3.3, 10, 11, 66.66666666666666, 1e21, -0.5),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
);

const number = fc.oneof(
  fc.integer({ min: 0, max: 20 }).map(String),
  fc.constantFrom('0', '5.', '.5', '1e1', '1E-3', '1_0', '0x1p3', '10.5', '3.3', '1e-400', '10'),
  fc.constantFrom('', '1,5', '1__0', '_1', '1e400', 'inf', 'NaN', '-10', '+1', '600ms', '0x10', '.', '%'),
);
const tidyNumber = fc.oneof(
  fc.integer({ min: 0, max: 20 }).map(String),
  fc.constantFrom('0', '.5', '10', '1e1', '3.3'),
);
const operator = fc.constantFrom('<', '<=', '=', '>=', '>');
const sign = fc.constantFrom('', '+', '-');
const criterion = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.tuple(operator, sign, tidyNumber, fc.constantFrom('', '%')).map((parts) => parts.join('')),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('', ' ', '\t'),
        fc.oneof(operator, fc.constantFrom('', '!=', '==', '|', '<>')),
        fc.constantFrom('', ' '),
        sign,
        number,
        fc.constantFrom('', '%', ' %', '%%'),
      )
      .map((parts) => parts.join('')),
  },
);
const group = fc.record({ criteria: fc.array(criterion, { maxLength: 3 }) });
const groups = fc.oneof(
  { weight: 3, arbitrary: fc.array(group, { minLength: 1, maxLength: 2 }) },
  { weight: 1, arbitrary: fc.array(group, { maxLength: 3 }) },
);

const objective = fc.record(
  {
    sli: name,
    displayName: fc.constantFrom('', 'Response time', "it's"),
    pass: groups,
    warning: groups,
    weight: fc.constantFrom(1, 2, 0, 2.9, -1, 0.5, 100),
    key_sli: fc.boolean(),
  },
  { requiredKeys: ['sli', 'pass'] },
);

const percentage = fc.constantFrom(
  '90%',
  '75',
  '0%',
  '50%',
  '66.66%',
  '100',
  '110%',
  '',
  '90 %',
  '90%%',
  'NaN',
  'inf',
  'x',
);

export const slo = fc.record(
  {
    comparison: fc.option(
      fc.record(
        {
          compare_with: fc.constantFrom('single_result', 'several_results', '', 'Several_results'),
          include_result_with_score: fc.constantFrom('all', 'pass', 'pass_or_warn', 'PASS', 'passed', ''),
          number_of_comparison_results: fc.constantFrom(0, 1, 2, 2.5, 3, 5, 100, 101, -1),
          aggregate_function: fc.constantFrom('avg', 'p50', 'p90', 'p95', 'AVG', 'median', ''),
        },
        { requiredKeys: [] },
      ),
    ),
    objectives: fc.array(fc.oneof({ weight: 9, arbitrary: objective }, { weight: 1, arbitrary: fc.constant(null) }), {
      maxLength: 4,
    }),
    total_score: fc.oneof(
      {
        weight: 9,
        arbitrary: fc.record({
          pass: fc.constantFrom('90%', '50', '75%', '100%'),
          warning: fc.constantFrom('75%', '', '40%', '10'),
        }),
      },
      { weight: 1, arbitrary: fc.option(fc.record({ pass: percentage, warning: percentage }, { requiredKeys: [] })) },
    ),
  },
  { requiredKeys: [] },
);

export const values = fc.array(
  fc.record({
    metric: name,
    value: measured,
    comparedValue: fc.constantFrom(0, 7),
    success: fc.oneof({ weight: 8, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    message: fc.constantFrom('', 'query failed'),
  }),
  { maxLength: 6 },
);

export const runs = fc
  .array(
    fc.record({
      result: fc.constantFrom('pass', 'warning', 'fail'),
      invalidated: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      indicators: fc.option(
        fc.array(fc.record({ metric: name, value: measured, success: fc.boolean() }), { maxLength: 4 }),
      ),
    }),
    { maxLength: 6 },
  )
  .map((list) => list.map((run, index) => ({ ...run, id: `run-${index}`, time: (index * 7) % 6 })));

export const provider = fc.record({
  providerResult: fc.constantFrom('pass', 'pass', 'warning', 'fail'),
  providerMessage: fc.constantFrom('', 'no data'),
});
