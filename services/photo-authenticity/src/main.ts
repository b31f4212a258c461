import { fromEnvironment, serve } from '@slipway/sdk';
import { authorSearch } from './author-search.ts';
import { extractMetadata } from './extract-metadata.ts';
import { geolookup } from './geolookup.ts';

serve({
  ...{ name: 'photo-authenticity', version: '0.1.0' },
  ...fromEnvironment(),
  tasks: [extractMetadata, geolookup, authorSearch],
});
