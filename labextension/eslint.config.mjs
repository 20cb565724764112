import js from '@eslint/js';
import ts from 'typescript-eslint';

// Where words are shown or read out: between tags, and in these attributes and properties.
const WORD = '[value=/\\p{L}{2}/u]';
const SAID =
  '/^(title|alt|placeholder|label|caption|question|yes|no|text|help|aria-(label|valuetext|description))$/';
const UNTRANSLATED = [
  `JSXText${WORD}`,
  `JSXElement > JSXExpressionContainer > Literal${WORD}`,
  `JSXElement > JSXExpressionContainer > :matches(ConditionalExpression, LogicalExpression) > Literal${WORD}`,
  `JSXElement > JSXExpressionContainer > TemplateLiteral > TemplateElement[value.raw=/\\p{L}{2}/u]`,
  `JSXAttribute[name.name=${SAID}] > Literal${WORD}`,
  `JSXAttribute[name.name=${SAID}] > JSXExpressionContainer > Literal${WORD}`,
  `JSXAttribute[name.name=${SAID}] > JSXExpressionContainer > :matches(ConditionalExpression, LogicalExpression) > Literal${WORD}`,
  `JSXAttribute[name.name=${SAID}] > JSXExpressionContainer > TemplateLiteral > TemplateElement[value.raw=/\\p{L}{2}/u]`,
  `Property[key.name=/^(title|label|caption|help|placeholder)$/] > Literal${WORD}`,
  `Property[key.name=/^(message|cause|fix)$/] > Literal${WORD}`,
  `Property[key.name=/^(message|cause|fix)$/] TemplateElement[value.raw=/\\p{L}{2}/u]`
];

// Small on purpose: tsc is strict already; these are the mistakes that it can't see.
export default ts.config(
  { ignores: ['lib/', 'node_modules/', 'src/wire.ts', '**/*.cjs'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  {
    rules: {
      'max-lines': ['error', { max: 400 }],
      eqeqeq: 'error',
      '@typescript-eslint/no-namespace': 'off',
      'no-restricted-globals': ['error', 'fetch', 'alert', 'confirm', 'prompt'],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@observablehq/plot',
              message:
                'Use ui/plots, and import() that: it must stay out of the first load.'
            }
          ]
        }
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }]
    }
  },
  {
    files: ['src/ui/plots/**'],
    rules: { 'no-restricted-imports': 'off' }
  },
  {
    files: ['src/**'],
    ignores: ['**/*.test.*', 'src/testing/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...UNTRANSLATED.map(selector => ({
          selector,
          message: 'Words for people go through `trans`.'
        }))
      ]
    }
  },
  {
    files: ['scripts/**'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly' }
    }
  }
);
