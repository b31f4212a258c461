export { checkListen, isLoopback } from './listen.ts';
export type { HttpOptions } from './start-http.ts';
export { startHttp } from './start-http.ts';
export { readTokenFile } from './token-file.ts';
