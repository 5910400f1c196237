import { expect, test } from 'vitest';
import { dialable, formatAddress, parseAddress } from './address.ts';

test.each([
  ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
  [':8080', { host: '', port: 8080 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  ['node-1.example:65535', { host: 'node-1.example', port: 65_535 }],
  ['unix:/run/micro.sock', { path: '/run/micro.sock' }],
])('%s is read and written back the same', (text, address) => {
  expect(parseAddress(text)).toEqual(address);
  expect(formatAddress(address)).toBe(text);
});

test.each([
  '',
  '8080',
  'host',
  'host:',
  'host:port',
  'host:65536',
  '::1:80',
  '[host]:80',
  'http://host:80',
  'unix:run',
  'a b:1',
])('"%s" is refused with a message that names it', (text) => {
  expect(() => parseAddress(text)).toThrow(`"${text}"`);
});

test('a listener on every interface is dialled on the loopback', () => {
  expect(dialable({ host: '', port: 1 })).toEqual({ host: '127.0.0.1', port: 1 });
  expect(dialable({ host: '::', port: 1 })).toEqual({ host: '127.0.0.1', port: 1 });
  expect(dialable({ host: '10.0.0.1', port: 1 })).toEqual({ host: '10.0.0.1', port: 1 });
});
