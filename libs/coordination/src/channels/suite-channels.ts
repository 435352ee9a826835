import { IsIn, IsInt, IsISO8601, IsNumber, IsObject, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import type { ChannelDeclarations } from './registry/define-channels.js';

const MAX_TEXT = 4_000;

/** What a person is to be told. */
export class Notification {
  /** What it is about, for whoever shows it: `story_ready`. */
  @IsString() @MaxLength(100) kind!: string;
  @IsString() @MaxLength(MAX_TEXT) text!: string;
  @IsOptional() @IsIn(['info', 'warning', 'critical']) severity?: 'info' | 'warning' | 'critical';
  @IsOptional() @IsObject() details?: Record<string, unknown>;
}

/** Another version of something is in use from now on. */
export class VersionPromoted {
  /** What it is a version of: `prompt:bedtime-story`. */
  @IsString() @MaxLength(200) subject!: string;
  @IsString() @MaxLength(200) version!: string;
  @IsOptional() @IsString() @MaxLength(200) previousVersion?: string;
}

/** Something measured is worse than what was agreed. */
export class BaselineViolated {
  @IsString() @MaxLength(200) metric!: string;
  @IsNumber() baseline!: number;
  @IsNumber() measured!: number;
}

/** An answer of a model is there. */
export class AiAnalysisCompleted {
  @IsString() @MaxLength(200) analysisId!: string;
  @IsOptional() @IsString() @MaxLength(200) model?: string;
  @IsOptional() @IsNumber() @Min(0) durationMs?: number;
}

/** How a part of the system is. */
export class HealthCheck {
  @IsString() @MaxLength(200) part!: string;
  @IsIn(['up', 'degraded', 'down']) state!: 'up' | 'degraded' | 'down';
  @IsOptional() @IsString() @MaxLength(MAX_TEXT) reason?: string;
}

/** Something was removed from a cache, for those who keep more than copies of it. */
export class CacheInvalidation {
  @IsString() @MaxLength(200) cache!: string;
  @IsOptional() @IsString({ each: true }) keys?: string[];
  @IsOptional() @IsString({ each: true }) tags?: string[];
}

/** A quota is used up to a threshold. */
export class QuotaWarning {
  @IsString() @MaxLength(200) subject!: string;
  @IsString() @MaxLength(200) quota!: string;
  @IsString() @MaxLength(100) period!: string;
  /** 80, 90 or 100. */
  @IsInt() @Min(1) @Max(100) percent!: number;
  @IsNumber() @Min(0) used!: number;
  @IsNumber() @Min(0) limit!: number;
  @IsOptional() @IsISO8601() resetsAt?: string;
}

/**
 * The channels that the suite itself speaks of, to be spread into your own declarations.
 *
 * @example
 * const channels = defineChannels({ ...suiteChannels, 'events:story_created': StoryCreated });
 */
export const suiteChannels = Object.freeze({
  'events:version_promoted': VersionPromoted,
  'events:baseline_violated': BaselineViolated,
  'events:ai_analysis_completed': AiAnalysisCompleted,
  'notifications:user:{id}': Notification,
  'notifications:admin': Notification,
  'notifications:alerts': Notification,
  'system:health_check': HealthCheck,
  'system:cache_invalidation': CacheInvalidation,
  'system:quota_warning': QuotaWarning,
} satisfies ChannelDeclarations);
