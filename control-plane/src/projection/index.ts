export { allowedCommands, runView } from './run-view.ts';
export { summarize } from './summary.ts';
export { whyOf } from './why.ts';
