// Empty: the API answers where the page comes from. Another origin must be added to connect-src in
// headers.json too.
export const API_BASE = "";

// Whether photos above the limit of a request are uploaded to the bucket; else they are scaled down.
export const UPLOADS = true;
