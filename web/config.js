// Written anew by each deployment. Empty: the API answers where the page comes from.
export const API_BASE = "";
