import { fromEnvironment, serve } from '@slipway/sdk';
import { checknumber } from './checknumber.ts';

serve({ name: 'checknumber', version: '0.1.0', ...fromEnvironment(), tasks: [checknumber] });
