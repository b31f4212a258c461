import pg from 'pg';

let databases = 0;

/** The URL of a new, empty database on this server. */
export async function newDatabase(url: string): Promise<string> {
  databases += 1;
  const name = `test${databases}_${process.pid}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  return url.replace(/\/[^/]*$/, `/${name}`);
}
