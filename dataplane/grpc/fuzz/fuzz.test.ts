import { join } from 'node:path';
import { testProperties } from '../../fuzz/hold.fixture.ts';
import { properties } from './properties.ts';

testProperties(properties, join(import.meta.dirname, 'corpus'));
