locals {
  # The parts of the recipes that the edge needs: [prefix, suffixes, [[name, width, slots]…]]. The
  # worker validates the recipes. Entries for the same rung are merged, and A to Z in suffixes are in
  # lower case, as in the worker.
  _recipes = jsondecode(var.recipes_json).recipes

  _entries = [
    for recipe in local._recipes : flatten([
      for variant in recipe.variants : [
        for width in try(coalescelist(variant.widths), [0]) : {
          formats = variant.formats
          name    = width == 0 ? variant.name : "w${width}"
          width   = width
        }
      ]
    ])
  ]

  _slots = [
    for entries in local._entries : {
      for name in distinct(entries[*].name) : name => join("", [
        for slot in ["avif", "webp", "fallback"] : substr(slot, 0, 1)
        if anytrue([for entry in entries : entry.name == name && contains(entry.formats, slot)])
      ])
    }
  ]

  # Rungs first, by width (sort() sorts text), then the other variants in their order.
  _names = [
    for entries in local._entries : distinct(concat(
      [
        for width in sort([for entry in entries : format("%05d", entry.width) if entry.width > 0]) :
        "w${tonumber(width)}"
      ],
      [for entry in entries : entry.name if entry.width == 0],
    ))
  ]

  _widths = [
    for entries in local._entries : { for entry in entries : entry.name => entry.width... }
  ]

  # As JavaScript's regular expressions: a wildcard is the beginning of a host name, or any origin.
  _origin_patterns = [
    for origin in var.cors_origins : origin == "*" ? ".+" : replace(
      replace(replace(origin, ".", "\\."), "/", "\\/"), "*", "[a-z0-9.-]+"
    )
  ]

  edge_recipes = [
    for index, recipe in local._recipes : [
      try(coalesce(recipe.match.prefix), ""),
      [
        for suffix in try(coalescelist(recipe.match.suffixes), []) : join("", [
          for character in split("", suffix) : can(regex("[A-Z]", character)) ? lower(character) : character
        ])
      ],
      [
        for name in local._names[index] :
        [name, local._widths[index][name][0], local._slots[index][name]]
      ],
    ]
  ]

  # The files are valid JavaScript, so that editors and tests can read them. The edge gets them without comments,
  # indentation, the spaces around operators, and what is between a `{` and the next line, and with the values in place
  # of three placeholders. No text in the files has an operator between spaces.
  _code = {
    for name in ["edge_request.js", "edge_response.js"] : name => replace(
      replace(
        replace(file("${path.module}/${name}"), "/(?m)^ *(//.*\\n)?/", ""),
        "/ (=>|[!=]==|[<>]=|&&|\\|\\||[-+*?:<>]) /", "$1",
      ),
      " {\n", "{",
    )
  }

  request_code = replace(
    replace(local._code["edge_request.js"], "\"RECIPES\"", jsonencode(local.edge_recipes)),
    "ORIGINS", "^(${join("|", local._origin_patterns)})$",
  )

  response_code = replace(
    local._code["edge_response.js"],
    "\"SECONDS\"", tostring(var.default_browser_seconds),
  )
}
