import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseRedisUrl, redactUrl, RedisUrlProblem } from './redis-url.js';

describe('parseRedisUrl', () => {
  it.each([
    ['redis://localhost', { host: 'localhost', port: 6379, database: 0, tls: false }],
    ['redis://cache.example:7000/3', { host: 'cache.example', port: 7000, database: 3, tls: false }],
    ['rediss://cache.example/', { host: 'cache.example', port: 6379, database: 0, tls: true }],
    ['redis://[::1]:6380', { host: '::1', port: 6380, database: 0, tls: false }],
    ['REDIS://10.0.0.1', { host: '10.0.0.1', port: 6379, database: 0, tls: false }],
  ])('reads %s', (url, endpoint) => {
    expect(parseRedisUrl(url)).toEqual(endpoint);
  });

  it('reads any user name and password, percent-encoded', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string({ minLength: 1 }), (user, password) => {
        const url = `redis://${encodeURIComponent(user)}:${encodeURIComponent(password)}@host`;
        const endpoint = parseRedisUrl(url);
        expect(endpoint.username).toBe(user);
        expect(endpoint.password?.reveal()).toBe(password);
        expect(redactUrl(url)).toBe('redis://***@host');
      }),
    );
  });

  it.each([
    ['localhost:6379', 'must begin with redis://'],
    ['http://:s3cret@localhost', 'must begin with redis://'],
    ['', 'must begin with redis://'],
    ['redis://', 'is not a URL'],
    ['redis://:s3cret@', 'is not a URL'],
    ['redis://:s3/cret@host', 'is not a URL'],
    ['redis://host:99999', 'is not a URL'],
    ['redis://user/s3cret@host', 'percent-encode the password'],
    ['redis://host/s3cret', 'must have nothing but a database number'],
    ['redis://host/-1', 'must have nothing but a database number'],
    ['redis://:s3#cret@host', 'is not a URL'],
    ['redis://host?password=s3cret', 'something after a ? or #'],
    ['redis://host/0#s3cret', 'something after a ? or #'],
    ['redis://:s3%cret@host', 'has a % in the user name or the password'],
  ])('refuses %s and repeats nothing of it', (url, message) => {
    const refusal = () => parseRedisUrl(url);
    expect(refusal).toThrow(RedisUrlProblem);
    expect(refusal).toThrow(message);
    expect(refusal).not.toThrow('s3');
    expect(redactUrl(url)).not.toMatch(/s3|cret/);
  });
});

describe('redactUrl', () => {
  it.each([
    ['redis://localhost:6379/0', 'redis://localhost:6379/0'],
    ['rediss://user:pw@host:7000', 'rediss://***@host:7000'],
    ['redis://pw@host', 'redis://***@host'],
    ['redis://host/0?token=pw', 'redis://host/0'],
    ['redis://user/pw@host', 'redis://user/***'],
    ['rediss://:p/w@host', 'rediss://***'],
    ['nonsense', 'redis://***'],
  ])('shows %s as %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });
});
