export { allowedCommands, runView } from './run-view.ts';
export { phaseOf, summarize } from './summary.ts';
export { whyOf } from './why.ts';
