export { Auth } from './auth.ts';
export { readBody } from './body.ts';
export { checkListen, isLoopback, type Listen } from './listen.ts';
export { faultOfError } from './problem.ts';
export type { HttpOptions } from './start-http.ts';
export { startHttp } from './start-http.ts';
export { readTokenFile } from './token-file.ts';
