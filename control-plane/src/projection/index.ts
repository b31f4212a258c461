export { runAsShown } from './attempts-max.ts';
export { allowedCommands, runView } from './run-view.ts';
export { asShown, phaseOf, summarize } from './summary.ts';
export { whyOf } from './why.ts';
