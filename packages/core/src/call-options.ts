export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ListOptions extends CallOptions {
  /** Whether to find out `sizeBytes` of containers and `use` of images, for which engines take longer. */
  readonly sizes?: boolean | undefined;
}
