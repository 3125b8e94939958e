/**
 * Between the store's client and the embedded engine on the same machine: rows need not go through a socket. An
 * answer names the folder that the engine reads bodies from; a request then names a file in it instead of carrying
 * a body. The engine removes the file, and names the folder again: an answer without it comes from somebody else, a
 * ClickHouse server for one, who has not read the file.
 */
export const ROWS_FOLDER_HEADER = 'x-plimsoll-rows-folder'
export const ROWS_FILE_HEADER = 'x-plimsoll-rows-file'

/** Process id of who wrote it, then a random part: what a killed process left can be told apart. */
export const ROWS_FILE_NAME = /^(\d{1,10})-[0-9a-f]{24}\.rows$/
