import { runTask } from '@slipway/sdk';
import { expect, test } from 'vitest';
import { checknumber } from '../src/checknumber.ts';

test.each([
  [
    { number: '+49 30 901820' },
    { valid: true, e164: '+4930901820', country: 'DE', countryName: 'Germany', type: 'fixed-line' },
  ],
  [
    { number: '030 901820', country: 'de' },
    { valid: true, e164: '+4930901820', international: '+49 30 901820' },
  ],
  [
    { number: '(415) 555-2671', country: 'US' },
    { valid: true, e164: '+14155552671', national: '(415) 555-2671' },
  ],
  [
    { number: '07911 123456', country: 'GB' },
    { valid: true, e164: '+447911123456', type: 'mobile' },
  ],
  [{ number: '+800 1234 5678' }, { valid: true, callingCode: '800', type: 'toll-free' }],
])('%j passes', async (input, found) => {
  expect(await runTask(checknumber, input)).toMatchObject({ status: 'succeeded', result: 'pass', output: found });
});

test.each([
  [{ number: 'call me maybe' }, 'is not a phone number: there are other characters in it'],
  [{ number: '901820' }, 'does not begin with + and a known calling code'],
  [{ number: '+49 1' }, 'is not a phone number: it is too short'],
  [{ number: '+49 30 123456789012345678' }, 'is not a phone number: it is too long'],
  [{ number: '+1 555 555 5555' }, 'is in no range that +1 has given out'],
  [{ number: '+33 1 23' }, 'has the wrong length for France'],
])('%j fails and says why', async (input, why) => {
  const run = await runTask(checknumber, input);
  expect(run).toMatchObject({ status: 'succeeded', result: 'fail', output: { valid: false } });
  expect(run.message).toContain(why);
});

test.each([
  [{}, 'number: '],
  [{ number: '' }, 'number: '],
  [{ number: '+49 30 901820', country: 'Germany' }, 'country: a country has two letters'],
  [{ number: '1', country: 'XX' }, 'country: no country with phone numbers has this code'],
])('input %j is refused with its place', async (input, why) => {
  const run = await runTask(checknumber, input);
  expect(run).toMatchObject({ status: 'errored', error: { code: 'INVALID_INPUT', retryable: false } });
  expect(run.message).toContain(why);
});
