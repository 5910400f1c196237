import { look } from '../../fuzz/look.ts';
import { properties } from './properties.ts';

await look('fuzz:grpc', properties);
