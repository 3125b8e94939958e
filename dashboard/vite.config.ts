import adapter from '@sveltejs/adapter-static'
import { sveltekit } from '@sveltejs/kit/vite'
import { defineConfig } from 'vite'
import { chunkGroups } from './chunks.ts'

// Run Vite with this folder as its working directory: SvelteKit 3 takes its options here and resolves
// everything from cwd. The package manifest (and its `#schemas`, `#lib` maps) is the one above.
export default defineConfig({
  plugins: [
    sveltekit({
      adapter: adapter({ pages: 'build', assets: 'build', fallback: 'index.html', strict: true }),
      // The bootstrap script is the only inline one; hashing it lets everything else be refused.
      csp: {
        mode: 'hash',
        directives: {
          'default-src': ['self'],
          'script-src': ['self'],
          'style-src': ['self', 'unsafe-inline'],
          'img-src': ['self', 'data:'],
          'connect-src': ['self'],
          'base-uri': ['self'],
          'form-action': ['self'],
          'object-src': ['none'],
        },
      },
      paths: { relative: false },
      // A fixed name keeps rebuilds of the same sources byte-identical.
      version: { name: 'plimsoll', pollInterval: 0 },
    }),
  ],
  server: {
    fs: { allow: ['..'] },
    proxy: { '/api': process.env['PLIMSOLL_API'] ?? 'http://127.0.0.1:8440' },
  },
  build: { reportCompressedSize: false },
  environments: {
    client: {
      build: {
        rolldownOptions: {
          output: {
            codeSplitting: { groups: chunkGroups(import.meta.dirname) },
          },
        },
      },
    },
  },
})
