/** Proven epochs in which `npm start` tells its whole story; with fewer, the summary says what is missing. */
export const STORY_EPOCHS = 6;
