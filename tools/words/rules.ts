/** The words that the `words` fence refuses in what users read, each with what to write for it. */

export interface Rule {
  readonly pattern: RegExp;
  readonly instead: string;
}

const ACTOR = 'name the actor: "a service that ...", "requests without a token", "the operator"';
const REPORT = 'name who does what to whom: "the relay publishes", "the server returns", "the log shows"';

/** Phrases, found in any text. A blank in a pattern matches every white space, also the end of a line. */
export const RULES: readonly Rule[] = [
  rule('whoever|whomever|whatever|whichever', ACTOR),
  rule('somebody|nobody|someone|somewhere', 'name the actor or the place: "a person", "no service", "another replica"'),
  rule("(?:what|who) (?:is|are|was|were|has|have|had|does|do|did)(?! n't)", `use a noun: ${ACTOR}`, {
    questions: true,
  }),
  rule(
    'what (?:it|they|he|you) (?:is|are|was|were|has|have|had|does|do|did)',
    'use a noun: "its answer", "their data"',
    {
      questions: true,
    },
  ),
  rule('told|tells|(?:is|are|be|was|were) said', REPORT),
  rule('comes? to (?:its|their|an|the) end|came to (?:its|their|an|the) end', '"ends", "finishes", "stops"'),
  rule('comes? into being|come to be', '"is created"'),
  rule('tak(?:e|es|en|ing) up(?! to)|took up(?! to)', '"starts", "resumes", "claims", "recovers"'),
  rule('in hand', '"in progress", "running"'),
  rule(
    "(?<!there |there's )(?:is|are) no(?! longer| more| less| later| earlier)",
    '"is not a ...", or "There is no ..."',
  ),
  rule('(?:is|are) to be', '"must be", "should be", or the active form'),
  rule('in (?:the|its|their) place of', '"instead of", "replaces", "override for"'),
  rule('simply|of course', 'leave the word out'),
  rule('(?:one|those|these|them) too many', 'name the limit: "above the limit of N"'),
];

/** What a sentence may not begin with. Titles are not sentences. */
export const SENTENCE_STARTS: readonly Rule[] = [
  start('Answers(?! (?:are|of|to|that|from|in|by|with|for|can|may|must|never|always|sent))', '"Returns ..."'),
  start('Who(?:se|m)? [a-z]', ACTOR, { questions: true }),
  start(
    'What (?!you |a |an |the |to |Slipway |happens|.*\\?)[a-z]',
    'begin with the actor: "The relay publishes ...", not "What is decided ..."',
    { questions: true },
  ),
];

/** Labels of the web view that other tools call differently; a label is a whole text. */
export const LABELS: ReadonlyMap<string, string> = new Map([
  ['Its runs', 'View runs'],
  ['All its runs', 'View runs'],
  ['Abort these', 'Abort … (n selected)'],
  ['Way', 'Transport'],
  ['Works on', 'In progress'],
  ['Hold still', 'Pause updates'],
  ['As system', 'System theme'],
  ['Took', 'Duration'],
  ['Data of the trigger', 'Trigger data'],
  ['Save this one', 'Save filter'],
  ['Forget this one', 'Delete filter'],
  ['In the place of', 'Override for'],
  ['Passes from', 'Pass threshold'],
  ['Holds', 'Met'],
  ['Nothing.', 'None'],
]);

interface Options {
  /** Whether the words are right in a question. */
  readonly questions?: boolean;
}

function rule(words: string, instead: string, { questions = false }: Options = {}): Rule {
  const spaced = words.replaceAll(' ', '\\s+');
  return { pattern: new RegExp(`\\b(?:${spaced})\\b${questions ? '(?![^.]*\\?)' : ''}`, 'gi'), instead };
}

function start(words: string, instead: string, { questions = false }: Options = {}): Rule {
  const spaced = words.replaceAll(/ (?!\?)/g, '\\s+');
  return { pattern: new RegExp(`(?<=^\\W*|[.!?:]\\s+)(?:${spaced})${questions ? '(?![^.]*\\?)' : ''}`, 'g'), instead };
}
